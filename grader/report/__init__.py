"""The class report: one HTML page on what a class did and misunderstood."""
