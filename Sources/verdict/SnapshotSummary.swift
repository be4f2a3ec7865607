internal import VerdictCrypto
internal import VerdictModel
internal import VerdictSnapshot
internal import VerdictSystem

/// What `inspect` tells about a snapshot.
struct SnapshotSummary {
  struct Section {
    let name: String
    let records: Int
    let offset: Int
    let byteCount: Int
  }

  let digest: SHA256Digest
  let contentDigest: String
  let byteCount: Int
  let organization: String
  let model: String
  let plan: String
  let unknownResources: String
  /// Whether the plan opens personal data to everyone with access.
  let isPIIOpen: Bool
  let counts: [(name: String, count: Int)]
  let resources: [(type: String, count: Int)]
  let sections: [Section]

  init(_ file: SnapshotFile) {
    let view = file.view
    // SAFETY: the file keeps its memory for as long as this function runs.
    let bytes = unsafe ByteView(file.memory.bytes)
    digest = SHA256Digest(of: bytes)
    let header = bytes[8..<8 + SHA256Digest.byteCount]
    contentDigest = (try? SHA256Digest(bytes: header))?.descriptor ?? ""
    byteCount = view.byteCount
    organization = view.organizationID.text
    model = view.modelID.text
    plan = view.planID.text
    unknownResources = view.deniesUnknownResources ? "deny" : "future"
    isPIIOpen = view.isPIIOpen
    let principals = SnapshotSummary.countsByTag(view.table(.principals))
    let resources = SnapshotSummary.countsByTag(view.table(.resources))
    counts = [
      ("workspaces", view.table(.workspaces).entryCount),
      ("users", principals[Int(PrincipalKind.user.rawValue)]),
      ("service tokens", principals[Int(PrincipalKind.serviceToken.rawValue)]),
      ("personal tokens", principals[Int(PrincipalKind.personalToken.rawValue)]),
      ("secrets", view.table(.secrets).entryCount),
      ("resources", view.table(.resources).entryCount),
      ("connections", view.table(.connections).entryCount),
      ("policy classes", SnapshotSummary.classCount(view)),
      ("scopes", SnapshotSummary.scopeCount(view)),
      ("actions", view.actionCount),
      ("permissions", view.permissionCount),
    ]
    self.resources = (0..<view.typeCount).compactMap {
      resources[$0] == 0 ? nil : (view.typeName($0).text, resources[$0])
    }
    sections = SectionKind.allCases.map {
      Section(
        name: "\($0)", records: view.count(of: $0), offset: view.offset(of: $0),
        byteCount: view.section($0).count)
    }
  }

  private static func countsByTag(_ table: KeyTable) -> [Int] {
    var counts = Array(repeating: 0, count: 256)
    for number in 0..<table.slotCount where table.slot(number).isFound {
      counts[Int(table.slot(number).tag)] += 1
    }
    return counts
  }

  private static func classCount(_ view: SnapshotView) -> Int {
    let workspaces = view.count(of: .classStarts) - 1
    return workspaces > 0 ? Int(view.classes(of: workspaces - 1).upperBound) : 0
  }

  /// Scopes that the classes refer to, each once.
  private static func scopeCount(_ view: SnapshotView) -> Int {
    var places: Set<UInt32> = []
    for number in 0..<classCount(view) {
      for cell in 0..<view.cellCount {
        let word = view.cellWord(class: number, cell: cell)
        if word & 3 >= 2 { places.insert(word >> 2) }
      }
    }
    return places.count
  }

  // MARK: Printing

  private var header: [(name: String, value: String)] {
    [
      ("organization", organization), ("model", model), ("plan", plan),
      ("digest", digest.descriptor), ("content digest", contentDigest),
      ("format version", String(SnapshotFormat.version)), ("bytes", String(byteCount)),
      ("unknown resources", unknownResources),
      ("personal data", isPIIOpen ? "open to everyone with access" : "as granted"),
    ]
  }

  /// For people: several lines, without the last one's end.
  var text: String {
    var lines = header.map { SnapshotSummary.row($0.name, $0.value) }
    lines.append("")
    lines += counts.map { SnapshotSummary.row($0.name, String($0.count)) }
    if !resources.isEmpty {
      lines.append("")
      lines += resources.map { SnapshotSummary.row($0.type, String($0.count)) }
    }
    lines.append("")
    lines.append(SnapshotSummary.columns("section", "records", "offset", "bytes"))
    lines += sections.map {
      SnapshotSummary.columns($0.name, String($0.records), String($0.offset), String($0.byteCount))
    }
    // An id may hold any character; none of them may move the cursor.
    return lines.map(TerminalText.escaped).joined(separator: "\n")
  }

  private static func row(_ name: String, _ value: String) -> String {
    name.padded(to: 26) + value
  }

  private static func columns(
    _ name: String, _ records: String, _ offset: String, _ bytes: String
  ) -> String {
    name.padded(to: 20) + records.leftPadded(to: 12) + offset.leftPadded(to: 14)
      + bytes.leftPadded(to: 14)
  }

  var json: JSONValue {
    func number(_ value: Int) -> JSONValue { .number(Int64(value)) }
    return .object([
      .init("organization", organization), .init("model", model), .init("plan", plan),
      .init("digest", digest.descriptor), .init("content_digest", contentDigest),
      .init("format_version", number(Int(SnapshotFormat.version))),
      .init("bytes", number(byteCount)), .init("unknown_resources", unknownResources),
      .init("personal_data_open", .bool(isPIIOpen)),
      .init(
        "counts",
        .object(
          counts.map {
            .init(String($0.name.map { $0 == " " ? "_" : $0 }), number($0.count))
          })),
      .init("resources", .object(resources.map { .init($0.type, number($0.count)) })),
      .init(
        "sections",
        .list(
          sections.map {
            .object([
              .init("name", $0.name), .init("records", number($0.records)),
              .init("offset", number($0.offset)), .init("bytes", number($0.byteCount)),
            ])
          })),
    ])
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String {
    count < width ? self + String(repeating: " ", count: width - count) : self + " "
  }

  fileprivate func leftPadded(to width: Int) -> String {
    count < width ? String(repeating: " ", count: width - count) + self : " " + self
  }
}
