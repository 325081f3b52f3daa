"""The site's calculator: what its page computes with, and its form. The arithmetic that is more
than counting is done here, by the package, and reaches the page as coefficients."""
