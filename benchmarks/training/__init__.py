"""What trainings bring, on data that they have not seen."""
