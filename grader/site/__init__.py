"""The course as a site: Sphinx sources made of the notebooks, the measured results and docs/, and what renders them."""
