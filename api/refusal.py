"""What the API answers if it cannot answer the question: a status and a sentence."""


class Refusal(Exception):
    """The question cannot be answered. `status`: the HTTP status. `message`: one sentence for the client."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
