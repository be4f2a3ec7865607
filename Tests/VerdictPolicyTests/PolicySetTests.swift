import Foundation
import Glibc
import Testing
import VerdictModel
import VerdictPolicy

/// A directory that lives as long as a test.
final class Scratch {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "verdict-policy-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ name: String, _ text: String) throws {
    let file = URL(fileURLWithPath: "\(path)/\(name)")
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }
}

@Suite("policy sets")
struct PolicySetTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  func document(_ id: String) -> String {
    """
    apiVersion: verdict/v1
    model: rudderstack
    organization: {id: \(id), plan: free, owner: o}

    """
  }

  func load(_ names: String...) throws -> PolicySet {
    let paths = names.map { $0.isEmpty ? scratch.path : "\(scratch.path)/\($0)" }
    return try PolicySet.load(paths: paths, models: Sample.models)
  }

  func findings(_ names: String...) -> [String] {
    let paths = names.map { $0.isEmpty ? scratch.path : "\(scratch.path)/\($0)" }
    do throws(PolicyError) {
      return try PolicySet.load(paths: paths, models: Sample.models).warnings.map(\.description)
    } catch {
      return error.diagnostics.map {
        let text = $0.description
        return text.hasPrefix(scratch.path) ? String(text.dropFirst(scratch.path.count)) : text
      }
    }
  }

  func ids(_ set: PolicySet) -> [String] {
    set.documents.map { $0.symbols.text($0.organization.id.symbol) }
  }

  @Test("a directory is read below, by extension, without tests and dot-files, in path order")
  func directory() throws {
    try scratch.write("b.yaml", document("b"))
    try scratch.write("a.yml", document("a"))
    try scratch.write(
      "sub/deep/c.json",
      "{\"model\": \"rudderstack\", \"apiVersion\": \"verdict/v1\", \"organization\": {\"id\": \"c\", \"plan\": \"free\", \"owner\": \"o\"}}"
    )
    for name in ["x.test.yaml", ".hidden.yaml", ".git/x.yaml", "notes.txt", "x.yaml.bak"] {
      try scratch.write(name, "no document")
    }
    let set = try load("")
    #expect(ids(set) == ["a", "b", "c"])
    #expect(set.documents[2].path == "\(scratch.path)/sub/deep/c.json")
  }

  @Test("a file is read whatever its name, and once though it is named twice")
  func file() throws {
    try scratch.write("policy.txt", document("a"))
    #expect(ids(try load("policy.txt", "policy.txt")) == ["a"])
  }

  @Test("two files with one organization are an error")
  func sameOrganization() throws {
    try scratch.write("a.yaml", document("same"))
    try scratch.write("b.yaml", document("same"))
    #expect(
      findings("") == [
        "/b.yaml:3:20: organization `same` has a document already, `\(scratch.path)/a.yaml`, "
          + "expected one each"
      ])
  }

  @Test("organizations whose names are canonically equivalent are two")
  func equivalentOrganizations() throws {
    try scratch.write("a.yaml", document("caf\u{e9}"))
    try scratch.write("b.yaml", document("cafe\u{301}"))
    #expect(try load("").documents.count == 2)
  }

  @Test("two tokens of a set with one secret are an error")
  func sameSecret() throws {
    let token = { (id: String) in
      self.document(id) + "workspaces: {w: {}}\ntokens: {personal: [{id: t, user: o, workspace: w, "
        + "scope: read_only, secret_sha256: \(Sample.hex1)}]}\n"
    }
    try scratch.write("a.yaml", token("a"))
    try scratch.write("b.yaml", token("b"))
    #expect(
      findings("") == [
        "/b.yaml:5:26: token `t` has the secret of a token in `\(scratch.path)/a.yaml`, expected "
          + "one for each token"
      ])
  }

  @Test("one bad document fails the set, and every bad one is reported")
  func oneBad() throws {
    try scratch.write("a.yaml", document("a"))
    try scratch.write("b.yaml", document("b").replacing("free", with: "fre"))
    try scratch.write("c.yaml", "[")
    let found = findings("")
    #expect(found.count == 2)
    #expect(found[0] == "/b.yaml:3:29: unknown plan `fre`, did you mean `free`?")
    #expect(found[1].hasPrefix("/c.yaml:2:1: "))
  }

  @Test("what can't be read says so")
  func unreadable() throws {
    #expect(
      findings("missing.yaml") == ["/missing.yaml: can't look at it, no such file or directory"])
    #expect(findings("")[0].contains("no documents below this directory"))
    let fifo = unsafe mkfifo("\(scratch.path)/pipe", 0o600)
    #expect(fifo == 0)
    #expect(findings("pipe") == ["/pipe: not a regular file, expected a document"])
    try scratch.write("big.yaml", "")
    // A hole costs nothing; the size alone is refused.
    let hole = unsafe truncate("\(scratch.path)/big.yaml", 5 << 30)
    #expect(hole == 0)
    #expect(
      findings("big.yaml") == [
        "/big.yaml: the file has 5368709120 bytes, expected at most 4294967295"
      ])
  }

  @Test("directories that lead in circles are an error")
  func circle() throws {
    try scratch.write("a.yaml", document("a"))
    let link = unsafe symlink(".", "\(scratch.path)/loop")
    #expect(link == 0)
    #expect(findings("").count == 1)
    #expect(findings("")[0].hasSuffix("directories deep, expected fewer"))
  }

  @Test("warnings come with the set, and with its errors")
  func warnings() throws {
    let warned = document("a").replacing(
      "owner: o", with: "owner: o, members: [m], invitations: [m]")
    try scratch.write("a.yaml", warned)
    #expect(try load("").warnings.count == 1)
    try scratch.write("b.yaml", "{}")
    #expect(findings("").count == 4)
  }

  @Test("the examples load together, without a warning")
  func examples() throws {
    let set = try PolicySet.load(
      paths: [Repository.path("examples/acme")], models: Sample.models)
    #expect(ids(set) == ["acme", "globex"])
    #expect(set.warnings == [])
  }
}
