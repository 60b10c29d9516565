"""What people see in a browser: the report form, the receipt, and the page behind a letter's link."""
