"""What lies beside the database and the pictures: bundles and trainings, and the locks on runs."""
