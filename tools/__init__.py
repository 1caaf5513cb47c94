"""Programs for those who work on Alisa."""
