"""Why a page was judged so: Grad-CAM on the page, on its beats and along its signal."""
