internal import ArgumentParser
internal import VerdictControl
internal import VerdictCrypto
internal import VerdictModel
internal import VerdictSystem

struct HistoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history", abstract: "List the sets of a control directory, newest first.",
    discussion: """
      One line a set: its ref, when, its digest, who and why. `*` marks the one that is served. \
      Signatures are not verified here: `verdict verify` does that.
      """)

  @OptionGroup var control: ControlOption

  @Flag(help: "Print one line of JSON for each set.")
  var json = false

  func run() throws {
    let history: SetHistory
    do throws(ControlError) {
      history = try control.directory.history()
    } catch {
      throw error.failure
    }
    let sets = (history.staged.map { [$0] } ?? []) + history.entries
    for entry in sets {
      let isCurrent = entry.digest == history.currentDigest
      try StandardStream.output.write(
        line: json ? Self.json(entry, isCurrent).line : Self.text(entry, isCurrent))
    }
    for (ref, error) in history.damaged {
      StandardStream.error.tell("warning: \(ref): \(error)")
    }
    if let pin = history.pin {
      StandardStream.error.tell("pinned\(TerminalText.escaped(pin.text))")
    }
  }

  private static func text(_ entry: SetHistory.Entry, _ isCurrent: Bool) -> String {
    var facts = [
      "\(isCurrent ? "*" : " ") \(entry.ref)",
      ControlDirectory.time(ofSeconds: entry.createdSeconds), String("\(entry.digest)".prefix(19)),
    ]
    if !entry.author.isEmpty { facts.append("by \(entry.author)") }
    if let number = entry.rollback { facts.append("back to \(number)") }
    if let key = entry.keyID { facts.append("key \(key)") }
    if let reason = entry.overrideReason { facts.append("guard overridden: \(reason)") }
    if let changed = entry.changed { facts.append("\(changed.count) changed") }
    facts += entry.changedAttachments.map { "\($0.name) changed" }
    if !entry.message.isEmpty { facts.append(entry.message) }
    return TerminalText.escaped(facts.joined(separator: "  "))
  }

  private static func json(_ entry: SetHistory.Entry, _ isCurrent: Bool) -> JSONValue {
    var members = [
      JSONValue.Member("ref", entry.ref), .init("number", .number(Int64(entry.number))),
      .init("digest", entry.digest.descriptor), .init("current", .bool(isCurrent)),
      .init("created", ControlDirectory.time(ofSeconds: entry.createdSeconds)),
      .init("author", entry.author), .init("message", entry.message),
      .init("organizations", .number(Int64(entry.organizationCount))),
    ]
    if let changed = entry.changed {
      members.append(
        .init("changed", .list(changed.map { .text(String(decoding: $0, as: UTF8.self)) })))
    }
    let kinds = entry.changedAttachments.map { JSONValue.text($0.name) }
    if !kinds.isEmpty { members.append(.init("changed_attachments", .list(kinds))) }
    if let key = entry.keyID { members.append(.init("key", key)) }
    if let expires = entry.expiresSeconds {
      members.append(.init("expires", ControlDirectory.time(ofSeconds: expires)))
    }
    if let number = entry.rollback { members.append(.init("rollback", .number(Int64(number)))) }
    if let reason = entry.overrideReason { members.append(.init("guard_override", reason)) }
    return .object(members)
  }
}
