"""Pages: semantic HTML, table first, map second, German and English, no other host."""
