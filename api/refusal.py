"""What the API answers where it does not answer the question: a status and a sentence."""


class Refusal(Exception):
    """The question cannot be answered. `status` is HTTP's, `message` one sentence for whoever asked."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
