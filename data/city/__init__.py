"""The demo city: one module per noun, put together by ``data.make_city``."""
