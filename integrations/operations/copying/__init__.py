"""`muse copy`: a whole store from one place to another, by table and partition; resumable, counted and compared."""
