"""What the records say: tables, figures, claims and the report, pure functions of records."""
