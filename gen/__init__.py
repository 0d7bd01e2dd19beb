"""pageblock-gen: model checks Linux page isolation against the page allocator."""

__version__ = "0.2.0"
