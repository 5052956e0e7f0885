"""The lower face: a small image network that draws mouth and chin at the footage's own resolution."""
