"""How bytes of an export are reached: one protocol, with a local folder, S3 and Azure Blob Storage behind it.

Readers know keys relative to the export's own folder and nothing of buckets or disks. `opening` chooses by the uri.
"""
