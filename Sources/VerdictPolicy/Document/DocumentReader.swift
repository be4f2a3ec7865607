internal import VerdictModel

/// Reads a tree as a policy document (domain.md section 6) and checks every rule of
/// domain.md 2.6 and 2.7.
///
/// The keys of a document may come in any order; they are read in the order in which they depend
/// on each other: organization, groups, workspaces (all resources first, so that links and scopes
/// find them), tokens. Whatever is wrong is reported with its place, and the reading goes on.
struct DocumentReader {
  var reading: Reading
  let model: AccessModel
  let plan: Int

  var organization: PolicyDocument.Organization?
  var groups: [PolicyDocument.Group] = []
  var workspaces: [PolicyDocument.Workspace] = []
  var serviceTokens: [PolicyDocument.ServiceToken] = []
  var personalTokens: [PolicyDocument.PersonalToken] = []

  /// What every symbol is in the organization.
  var standings: [Standing]
  var groupIndex: SymbolIndex
  var workspaceIndex: SymbolIndex
  var resourceIndex: ResourceIndex
  /// Group and workspace, for every attachment.
  var attachments: Set<Attachment> = []
  /// The groups of every user, built when the first member policy needs them.
  var groupsOfUsers: GroupsOfUsers?
  var seenSymbols = Stamps()
  var seenResources = Stamps()
  var connectionIDs: Set<Symbol> = []
  var secrets: [[UInt8]: Mark] = [:]
  let types: [Symbol: Int]

  /// What a user is in the organization.
  enum Standing: UInt8 {
    case unknown, owner, admin, member

    var administers: Bool { self == .owner || self == .admin }
  }

  struct Attachment: Hashable {
    var group: Int
    var workspace: Int
  }

  var tree: DocumentTree { reading.tree }
  var symbolCount: Int { reading.tree.symbols.count }

  private init(_ reading: Reading, _ model: AccessModel, plan: Int) {
    self.reading = reading
    self.model = model
    self.plan = plan
    let count = reading.tree.symbols.count
    standings = Array(repeating: .unknown, count: count)
    groupIndex = SymbolIndex(symbolCount: count)
    workspaceIndex = SymbolIndex(symbolCount: count)
    resourceIndex = ResourceIndex(symbolCount: count)
    var types: [Symbol: Int] = [:]
    for (index, type) in model.resourceTypes.enumerated() {
      if let symbol = reading.tree.symbols.find(type.name) { types[symbol] = index }
    }
    self.types = types
  }

  static func read(
    _ reading: Reading, path: String, models: AccessModels
  ) throws(PolicyError) -> (document: PolicyDocument, warnings: [Diagnostic]) {
    var reading = reading
    guard let head = readHead(&reading, models) else {
      try reading.diagnostics.check()
      preconditionFailure("a document without a head has an error")
    }
    var reader = DocumentReader(reading, head.model, plan: head.plan)
    reader.readBody(head.fields)
    try reader.reading.diagnostics.check()
    guard let organization = reader.organization else {
      preconditionFailure("a document without an error has an organization")
    }
    let document = PolicyDocument(
      path: path, model: reader.model, symbols: reader.tree.symbols, organization: organization,
      groups: reader.groups, workspaces: reader.workspaces, serviceTokens: reader.serviceTokens,
      personalTokens: reader.personalTokens)
    return (document, reader.reading.diagnostics.sortedWarnings)
  }

  /// The version, the model and the plan: without them nothing else can be read.
  private static func readHead(
    _ reading: inout Reading, _ models: AccessModels
  ) -> (fields: Fields, model: AccessModel, plan: Int)? {
    guard let fields = reading.fields(0, "the document", at: .document) else { return nil }
    if let node = fields[.apiVersion], let text = reading.text(node, "`apiVersion`"),
      text != PolicyDocument.apiVersion
    {
      let found = reading.shortened(node)
      reading.error(node, "`apiVersion` is `\(found)`, expected `\(PolicyDocument.apiVersion)`")
    }
    guard let node = fields[.model], let text = reading.text(node, "`model`") else { return nil }
    guard let model = models[text] else {
      let advice = Spelling.advice(text, among: models.models.map(\.id))
      reading.error(node, "unknown model `\(reading.shortened(node))`, \(advice)")
      return nil
    }
    guard let organization = fields[.organization],
      reading.isMapping(organization, "`organization`")
    else { return nil }
    let value = reading.tree.entries(organization).first {
      reading.tree.isText($0.key) && reading.tree.symbol($0.key) == Key.plan.symbol
    }?.value
    guard let value else {
      reading.error(organization, "`organization` has no `plan`, which is required")
      return nil
    }
    guard let name = reading.text(value, "`plan`") else { return nil }
    guard let plan = model.planIndex(name) else {
      let advice = Spelling.advice(name, among: model.plans.map(\.name))
      reading.error(value, "unknown plan `\(reading.shortened(value))`, \(advice)")
      return nil
    }
    return (fields, model, plan)
  }

  private mutating func readBody(_ fields: Fields) {
    for key in DocumentPlace.document.foreignKeys(in: model.access) {
      if let node = fields.keyNode(key) { refuseForeign(node) }
    }
    if let node = fields[.organization] { readOrganization(node) }
    // Workspaces are named before groups are attached to them, and filled afterwards.
    let workspaceNodes = fields[.workspaces].map { nameWorkspaces($0) } ?? []
    if model.access == .policies, let node = fields[.groups] { readGroups(node) }
    for (index, node) in workspaceNodes.enumerated() { readResources(node, index) }
    for (index, node) in workspaceNodes.enumerated() { readWorkspace(node, index) }
    if model.access == .policies, let node = fields[.tokens] { readTokens(node) }
  }

  /// Reports a key that only documents of the other kind of models have.
  mutating func refuseForeign(_ key: Int) {
    let advice =
      model.access == .roles
      ? "expected `roles` in workspaces" : "expected `policies` in workspaces"
    reading.error(
      key, "`\(tree.text(key))` has no place in a document of model `\(model.id)`, \(advice)")
  }
}
