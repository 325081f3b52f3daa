"""Generated parts of written pages: one module makes what stands at one insert line."""
