"""Films changed as they should not matter: what each change does to a system's answers"""
