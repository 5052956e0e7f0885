"""What people look at while a stage learns: plots, videos of landmarks and meshes, speech panels."""
