internal import ArgumentParser
internal import VerdictModel

struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List what somebody may act on, or who may act.",
    subcommands: [ListResourcesCommand.self, ListPrincipalsCommand.self])
}

struct ListResourcesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resources",
    abstract: "List the resources of a type on which somebody may do something.",
    discussion: """
      One id a line, in byte order. With --json one line for each page of up to \
      \(Limits.pageItemCountMax), with `includes_unknown` where resources that the policies don't \
      know are covered too.

      Exit status: 0 listed, 2 the principal has no access, 3 the question is at fault, 64 wrong \
      usage, 1 anything else.
      """)

  @OptionGroup(title: "Policies") var origin: CheckOrigin

  @Option(help: "The organization; may be left out where there is only one.")
  var organization: String?

  @Option(help: "Who: user:ID, service_token:ID or personal_token:ID; without a prefix a user.")
  var principal: String

  @Option(help: "Where; may be left out for tokens, which have a workspace of their own.")
  var workspace: String?

  @Option(help: "What, for example edit.")
  var action: String

  @Option(help: "The type of the resources, for example destination.")
  var type: String

  @Option(help: "The other end, TYPE/ID, for actions that take one.")
  var target: String?

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    try origin.requireOne()
    if type.isEmpty || type.utf8.contains(UInt8(ascii: "/")) {
      throw ValidationError("--type is a resource type without an id.")
    }
  }

  func run() throws {
    let check = Check(
      organization: organization, principal: principal, workspace: workspace, action: action,
      resource: type, target: target)
    let source = try origin.inspectionSource()
    var token = ""
    var includesUnknown = false
    repeat {
      let page = try source.listResources(check, pageToken: token)
      if json {
        try StandardStream.output.write(line: page.json.line)
      } else {
        try StandardStream.output.write(lines: page.resources.map(\.id))
      }
      if let refusal = page.refusal { try ListCommand.end(refusal, json: json) }
      includesUnknown = page.includesUnknown
      token = page.nextPageToken
    } while !token.isEmpty
    if includesUnknown, !json {
      StandardStream.error.tell("and every \(type) that the policies don't know")
    }
  }
}

struct ListPrincipalsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "principals",
    abstract: "List who may do something, and through what.",
    discussion: """
      Users, then service tokens, then personal tokens, each in byte order of the ids. With --json \
      one line for each page of up to \(Limits.pageItemCountMax).

      Exit status: 0 listed, 2 there is no such workspace, 3 the question is at fault, 64 wrong \
      usage, 1 anything else.
      """)

  @OptionGroup(title: "Policies") var origin: CheckOrigin

  @Option(help: "The organization; may be left out where there is only one.")
  var organization: String?

  @Option(help: "Where; not for organization actions.")
  var workspace: String?

  @Option(help: "What, for example edit, connect or members.invite.")
  var action: String

  @Option(help: "On what: TYPE/ID, or TYPE alone for create.")
  var resource: String?

  @Option(help: "The other end, TYPE/ID; for actions on members user:ID.")
  var target: String?

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws { try origin.requireOne() }

  func run() throws {
    let check = Check(
      organization: organization, principal: "", workspace: workspace, action: action,
      resource: resource, target: target)
    let source = try origin.inspectionSource()
    var token = ""
    repeat {
      let page = try source.listPrincipals(check, pageToken: token)
      if json {
        try StandardStream.output.write(line: page.json.line)
      } else {
        try StandardStream.output.write(
          lines: page.principals.map {
            "\($0.principal)  through \(InspectionText.joined($0.through))"
          })
      }
      if let refusal = page.refusal { try ListCommand.end(refusal, json: json) }
      token = page.nextPageToken
    } while !token.isEmpty
  }
}

extension ListCommand {
  /// Ends a list that can't be given.
  static func end(_ refusal: CheckAnswer, json: Bool) throws -> Never {
    if !json {
      StandardStream.error.tell("error: \(refusal.message) [\(refusal.reason.name)]")
    }
    ExitStatus(refusal.effect).exit()
  }
}
