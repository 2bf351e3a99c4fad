"""The cadastre: ALKIS objects as parcels, buildings and land use."""
