"""The demo by itself."""
