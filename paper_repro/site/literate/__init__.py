"""The literate scripts as pages: run, rendered, and offered as script and notebook."""
