"""A page's signal: from ink and rows of trace to twelve leads in millivolts, with what was not read left out."""
