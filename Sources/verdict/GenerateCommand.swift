internal import ArgumentParser
internal import VerdictModel
internal import VerdictPolicy

struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate", abstract: "Make up a document of any size, for measuring and load.",
    discussion: """
      A profile gives sizes; each other option changes one of them. The same options give the same \
      bytes on every machine. Members have groups, groups and workspaces have policies with scopes \
      of every form, and some members have policies of their own.

      Profiles: small (100 members and resources), large (10,000), hundred-thousand, million.
      """)

  @Option(help: "Sizes to begin with: small, large, hundred-thousand or million.")
  var profile = "small"

  @Option(help: "What the random choices follow from.")
  var seed: UInt64 = 1

  @Option(help: "The access model, one with policies.")
  var model = "rudderstack"

  @OptionGroup var models: ModelOption

  @Option(help: "The organization's id.")
  var organization = "generated"

  @Option(help: ArgumentHelp("Members.", valueName: "count"))
  var members: Int?

  @Option(help: ArgumentHelp("Resources.", valueName: "count"))
  var resources: Int?

  @Option(help: ArgumentHelp("Workspaces, at least one.", valueName: "count"))
  var workspaces: Int?

  @Option(help: ArgumentHelp("Groups.", valueName: "count"))
  var groups: Int?

  @Option(help: ArgumentHelp("Groups of each member.", valueName: "count"))
  var groupsPerMember: Int?

  @Option(help: ArgumentHelp("Members with a policy of their own.", valueName: "percent"))
  var ownPolicies: Int?

  @Option(help: ArgumentHelp("Resources that an own policy lists.", valueName: "count"))
  var idsPerPolicy: Int?

  @Option(help: ArgumentHelp("Service tokens, and as many personal ones.", valueName: "count"))
  var tokens: Int?

  @Option(help: "yaml or json.")
  var format = "yaml"

  func validate() throws {
    if OrganizationProfile.named(profile) == nil {
      throw ValidationError("--profile is small, large, hundred-thousand or million.")
    }
    if DocumentFormat.Syntax(rawValue: format) == nil {
      throw ValidationError("--format is yaml or json.")
    }
    let counts: [(name: String, count: Int?, least: Int, most: Int)] = [
      ("members", members, 0, 10_000_000), ("resources", resources, 0, 10_000_000),
      ("workspaces", workspaces, 1, Limits.workspaceCountMax), ("groups", groups, 0, 1_000_000),
      ("groups-per-member", groupsPerMember, 0, 1_000), ("own-policies", ownPolicies, 0, 100),
      ("ids-per-policy", idsPerPolicy, 0, 100_000), ("tokens", tokens, 0, 1_000_000),
    ]
    for (name, count, least, most) in counts {
      guard let count, !(least...most).contains(count) else { continue }
      throw ValidationError("--\(name) is \(count), expected \(least) to \(most).")
    }
    if organization.isEmpty { throw ValidationError("An id is not empty.") }
  }

  /// The profile with what the options change.
  var sizes: OrganizationProfile? {
    guard var sizes = OrganizationProfile.named(profile) else { return nil }
    sizes.seed = seed
    if let members { sizes.memberCount = members }
    if let resources { sizes.resourceCount = resources }
    if let workspaces { sizes.workspaceCount = workspaces }
    if let groups { sizes.groupCount = groups }
    if let groupsPerMember { sizes.groupsPerMember = groupsPerMember }
    if let ownPolicies { sizes.ownPolicyPercent = ownPolicies }
    if let idsPerPolicy { sizes.idsPerOwnPolicy = idsPerPolicy }
    if let tokens { sizes.tokenCount = tokens }
    return sizes
  }

  func run() throws {
    guard let sizes, let syntax = DocumentFormat.Syntax(rawValue: format) else {
      preconditionFailure("validation has seen both")
    }
    let known = try models.load()
    guard let model = known[model] else {
      throw CommandFailure("no access model `\(TerminalText.escaped(model))`; see: verdict models")
    }
    guard model.access == .policies, !model.relations.contains(where: \.single) else {
      throw CommandFailure(
        "`\(model.id)` has roles or resources with a parent, which are not generated; take another "
          + "model")
    }
    let text: [UInt8]
    do throws(PolicyError) {
      text = try sizes.text(model: model, organization: organization, syntax: syntax)
    } catch {
      throw CommandFailure(error)
    }
    try StandardStream.output.write(text)
  }
}
