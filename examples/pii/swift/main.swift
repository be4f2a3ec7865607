// A page of events with personal data: one request asks what may be seen, the rest is masked.
//
// usage: verdict-pii-page PRINCIPAL ADDRESS     (HOST:PORT or unix:/path/to/socket)

internal import VerdictClient
internal import VerdictModel
internal import VerdictRPC

struct Row {
  let source: String
  let email: String
}

let rows = (0..<100).map { Row(source: "S\($0 % 3 + 1)", email: "customer\($0)@example.com") }
let arguments = CommandLine.arguments
guard arguments.count == 3 else { fatalError("usage: verdict-pii-page PRINCIPAL ADDRESS") }

let client = try DecisionClient(address: arguments[2], timeoutNanoseconds: 1_000_000_000)
let page = try client.checkVisibility(
  VisibilityCall(
    organization: "acme", workspace: "prod", principals: [arguments[1]],
    permissions: ["event_stream_source_live_events"],
    blocks: [.init(resourceType: "event_stream_source", ids: rows.map(\.source))]))
for (index, row) in rows.enumerated() {
  let isVisible = page.isVisible(principal: 0, permission: 0, block: 0, id: index)
  print(row.source, isVisible ? row.email : "***")
}
