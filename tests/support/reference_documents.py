"""The documents of the reference's health API, to the letter, and those that it leaves to us."""

from __future__ import annotations

WITHOUT_HOT_SWAP = """\
{
  "status": "healthy",
  "timestamp": "2025-11-14T10:30:00.000Z",
  "database": "connected",
  "hotSwap": {
    "enabled": false,
    "message": "Set DATABASE_URL_SECONDARY to enable automatic database failover"
  }
}"""
ON_PRIMARY = """\
{
  "status": "healthy",
  "timestamp": "2025-11-14T10:30:00.000Z",
  "database": "connected",
  "hotSwap": {
    "enabled": true,
    "currentDatabase": "primary",
    "failoverAvailable": true,
    "failureCount": 0
  }
}"""
AFTER_FAILOVER = """\
{
  "status": "healthy",
  "timestamp": "2025-11-14T10:30:00.000Z",
  "database": "connected",
  "hotSwap": {
    "enabled": true,
    "currentDatabase": "secondary",
    "failoverAvailable": true,
    "failureCount": 0,
    "lastFailover": "2025-11-14T10:25:00.000Z",
    "uptimeSinceFailover": "300s"
  }
}"""
"""The first three are the reference's own."""
BOTH_DOWN = """\
{
  "status": "unhealthy",
  "timestamp": "2025-11-14T10:30:00.000Z",
  "database": "disconnected",
  "error": "Both primary and secondary databases are unavailable",
  "hotSwap": {
    "enabled": true,
    "currentDatabase": "primary",
    "failoverAvailable": false,
    "failureCount": 5
  }
}"""
ALONE_AND_DOWN = """\
{
  "status": "unhealthy",
  "timestamp": "2025-11-14T10:30:00.000Z",
  "database": "disconnected",
  "error": "The primary database is unavailable",
  "hotSwap": {
    "enabled": false,
    "message": "Set DATABASE_URL_SECONDARY to enable automatic database failover"
  }
}"""
