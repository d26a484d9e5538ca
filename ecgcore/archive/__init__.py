"""Many files on many machines, by Ray Data: from a folder, a list or an object store to results in parts."""
