extension Sample {
  /// What `text` says, as JSON and in another order.
  static let json = """
    {
      "tokens": {
        "personal": [
          {
            "id": "mia-laptop",
            "user": "mia@acme.example",
            "workspace": "prod",
            "scope": "read_only",
            "secret_sha256": "3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c"
          }
        ],
        "service": [
          {
            "id": "ci",
            "workspace": "prod",
            "secret_sha256": "1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a",
            "policy": {
              "resources": {
                "destination": {
                  "edit": "all"
                }
              }
            }
          },
          {
            "id": "scim",
            "kind": "organization",
            "secret_sha256": "2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B2B",
            "expires_at": "2027-01-01T00:00:00Z"
          }
        ]
      },
      "workspaces": {
        "prod": {
          "members": [
            "max@acme.example"
          ],
          "resources": {
            "event_stream_source": [
              "S1",
              {
                "id": "S2",
                "name": "iOS app"
              },
              "S3"
            ],
            "destination": [
              "D1",
              "D2",
              "D3"
            ],
            "table": [
              "TB1"
            ],
            "sql_model": [
              "Q1"
            ],
            "transformation": [
              {
                "id": "T1",
                "connected_to": [
                  "D1"
                ]
              }
            ],
            "tracking_plan": [
              "TP1"
            ],
            "data_catalog": [
              {
                "id": "order_completed",
                "tracking_plans": [
                  "TP1"
                ]
              }
            ]
          },
          "connections": [
            {
              "id": "C1",
              "source": "event_stream_source/S1",
              "destination": "destination/D1"
            },
            {
              "id": "C2",
              "source": "transformation/T1",
              "destination": "destination/D2"
            }
          ],
          "policies": {
            "baseline": {
              "resources": {
                "event_stream_source": {
                  "edit": [
                    "S1",
                    "S2"
                  ],
                  "connect": "all"
                },
                "destination": {
                  "edit": [
                    "D1",
                    "D2"
                  ],
                  "connect": "all"
                }
              },
              "pii": {
                "event_stream_source_live_events": [
                  "S1"
                ],
                "reverse_etl_sync_failure_samples": [
                  "table/TB1",
                  "sql_model/Q1"
                ]
              }
            },
            "groups": {
              "data-engineers": {
                "resources": {
                  "transformation": {
                    "edit": "all",
                    "create_delete": "all"
                  }
                },
                "switches": [
                  "bot_management"
                ]
              }
            },
            "members": {
              "max@acme.example": {
                "pii": {
                  "destination_live_events": {
                    "ids": [
                      "D1"
                    ],
                    "include_future": true
                  }
                }
              }
            }
          }
        },
        "empty": {}
      },
      "groups": {
        "data-engineers": {
          "members": [
            "mia@acme.example"
          ],
          "workspaces": [
            "prod"
          ]
        }
      },
      "organization": {
        "id": "acme",
        "plan": "enterprise",
        "owner": "olga@acme.example",
        "admins": [
          "adam@acme.example"
        ],
        "members": [
          "mia@acme.example",
          "max@acme.example"
        ],
        "invitations": [
          "new@acme.example"
        ],
        "unknown_resources": "future"
      },
      "model": "rudderstack",
      "apiVersion": "verdict/v1"
    }

    """
}
