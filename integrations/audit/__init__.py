"""Every call on the record: lines in local files, brought into the table `audit_log`."""
