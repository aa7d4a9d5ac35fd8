"""Open, migrate, merge and publish the warehouse. The SQL it runs lies in sql/; it writes none of its own."""
