import Testing
import VerdictModel
import VerdictTestKit

@testable import VerdictPolicy

@Suite("documents in canonical form")
struct DocumentFormatTests {
  static func canonical(_ text: String, syntax: DocumentFormat.Syntax? = nil) throws -> String {
    String(
      decoding: try DocumentFormat.canonical(
        Array(text.utf8), path: "t.yaml", models: Sample.models, syntax: syntax), as: UTF8.self)
  }

  static func summary(_ text: String, _ path: String = "t.yaml") throws -> [String] {
    let document = try PolicyDocument.parse(
      bytes: Array(text.utf8), path: path, models: Sample.models
    ).document
    // What a document means does not depend on the order of its keys.
    return YAMLWriter.text(of: document).split(separator: "\n").map {
      String($0.sorted())
    }.sorted()
  }

  static let comments = """
    # The head.
    # Its second line.
    organization: # behind a key
      # above the owner
      owner: olga
      plan: enterprise # it's the plan
      id: "a # b"
      members: [
        mia, # first
        # between
        "m#x",
        max#y # second
      ] # third
    model: rudderstack
    apiVersion: verdict/v1


    # above workspaces
    workspaces:

      # above prod
      prod:
        policies:
          # above the baseline
          baseline:
            # above pii
            pii: {table_live_events: [T1]} # behind pii
        resources:
          # above tables
          table:
            # above T1
            - id: T1 # behind T1
              name: caf\u{e9} \u{2603} # behind the name
            # above T2
            - T2
        members: [mia]
    # The end.
    """

  @Test("keys, types and permissions have their order, ids and users the document's")
  func order() throws {
    #expect(
      try Self.canonical(
        """
        workspaces:
          prod:
            policies: {baseline: {switches: [bot_management], resources: {
              destination: {create_delete: all, edit: {include_future: true, ids: [D2, D1]}},
              event_stream_source: {edit: []}}}}
            resources: {destination: [{name: Two, id: D2}, D1], event_stream_source: ["1e3"]}
            members: [mia, ann]
        organization: {members: [mia, ann], id: acme, owner: "yes", plan: enterprise}
        model: "rudderstack"
        apiVersion: verdict/v1
        """)
          == """
          apiVersion: verdict/v1
          model: rudderstack
          organization:
            id: acme
            plan: enterprise
            owner: "yes"
            members: [mia, ann]
          workspaces:
            prod:
              members: [mia, ann]
              resources:
                event_stream_source: ["1e3"]
                destination:
                  - {id: D2, name: Two}
                  - D1
              policies:
                baseline:
                  resources:
                    event_stream_source: {edit: []}
                    destination: {edit: {ids: [D2, D1], include_future: true}, create_delete: all}
                  switches: [bot_management]

          """)
  }

  @Test("comments stay with what they stand beside")
  func comments() throws {
    #expect(
      try Self.canonical(Self.comments) == """
        # The head.
        # Its second line.
        apiVersion: verdict/v1
        model: rudderstack
        organization:  # behind a key
          id: "a # b"
          plan: enterprise  # it's the plan
          # above the owner
          owner: olga
          # between
          # first
          # second
          # third
          members: [mia, "m#x", "max#y"]

        # above workspaces
        workspaces:
          # above prod
          prod:
            members: [mia]
            resources:
              # above tables
              table:
                # above T1
                # behind T1
                # behind the name
                - {id: T1, name: "caf\u{e9} \u{2603}"}
                # above T2
                - T2
            policies:
              # above the baseline
              baseline:
                # above pii
                pii: {table_live_events: [T1]}  # behind pii
        # The end.

        """)
  }

  @Test("JSON is written as JSON, and has no place for comments")
  func json() throws {
    let text = try Self.canonical(Sample.text, syntax: .json)
    #expect(try Self.summary(text, "t.json") == Self.summary(Sample.text))
    let again = try DocumentFormat.canonical(
      Array(text.utf8), path: "t.json", models: Sample.models)
    #expect(String(decoding: again, as: UTF8.self) == text)
    #expect(text.hasPrefix("{\n  \"apiVersion\": \"verdict/v1\",\n"))
    #expect(throws: PolicyError.self) { try Self.canonical(Self.comments, syntax: .json) }
  }

  @Test("a document with an error is refused, not formatted")
  func invalid() {
    #expect(throws: PolicyError.self) { try Self.canonical("apiVersion: verdict/v1") }
    #expect(throws: PolicyError.self) {
      try Self.canonical(Sample.text.with("owner: olga@acme.example", "owner: 5\n  boss: x"))
    }
  }

  @Test("formatting twice changes nothing, and keeps meaning and comments")
  func idempotent() throws {
    for text in [Sample.text, Sample.segment, Self.comments] {
      let once = try Self.canonical(text)
      #expect(try Self.canonical(once) == once)
      #expect(try Self.summary(once) == Self.summary(text))
      #expect(Self.commentTexts(once) == Self.commentTexts(text))
    }
  }

  static func commentTexts(_ text: String) -> [String] {
    Array(text.utf8).withByteView { YAMLComments.find(in: $0) }.map(\.text).sorted()
  }

  @Test("generated worlds keep their meaning", arguments: 0..<100 as Range<UInt64>)
  func worlds(seed: UInt64) throws {
    var worlds = WorldGenerator(seed: seed)
    for document in worlds.documents(models: Sample.models.models) {
      let text = YAMLWriter.text(of: document)
      let once = try Self.canonical(text)
      #expect(try Self.canonical(once) == once, "seed \(seed)")
      #expect(try Self.summary(once) == Self.summary(text), "seed \(seed)")
      let json = try Self.canonical(text, syntax: .json)
      #expect(try Self.summary(json, "t.json") == Self.summary(text), "seed \(seed)")
    }
  }

  @Test("what is a comment is libyaml's word, also beside text that looks like one")
  func finding() {
    let text = """
      a: "x # no" # one
      b: 'y # no'
      c: p#q  # two\u{20}
      d: | # three
        # no
        text
      # four
      """
    let found = Array(text.utf8).withByteView { YAMLComments.find(in: $0) }
    #expect(found.map(\.text) == ["# one", "# two", "# three", "# four"])
    #expect(found.map(\.isAlone) == [false, false, false, true])
    #expect(found.map(\.mark.line) == [1, 3, 4, 7])
  }
}
