"""What a layer is, who may read it, how it gets in, and how it finds its parcel."""
