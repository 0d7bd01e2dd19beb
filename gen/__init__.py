"""pageblock-gen: model checks Linux page isolation against the page allocator."""

__version__ = "0.1.0"
