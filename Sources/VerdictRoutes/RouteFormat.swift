/// A compiled route table, format version 1: what each request needs, for one access model.
///
/// Little-endian. Nothing in it depends on when, where or by whom it was made.
///
/// | Offset | Bytes | Field |
/// |---|---|---|
/// | 0 | 8 | magic `VROUTES\n` |
/// | 8 | 4 | format version |
/// | 12 | 4 | number of sections |
/// | 16 | 8 | length in bytes |
/// | 24 | 8 | zero |
/// | 32 | 8 each | section table: offset and record count (4 each), in the order of `RouteSection` |
///
/// Templates are a trie of segments. Its literal children are found through `slots`, one open hash
/// table for all nodes, so that a look-up costs the same whether there are ten routes or ten
/// thousand; a node has at most one child for `{...}`. The routes of a node stand together, and
/// among them those of one method, in the order of the document.
///
/// A text is referred to by offset and count in `texts` (4 bytes each). References to records are
/// index plus one, with 0 for none, where a field says `+1`.
public enum RouteFormat {
  static var magic: UInt64 { 0x0a53_4554_554f_5256 }
  static var version: UInt32 { 1 }
  static var headerByteCount: Int { 32 }
  static var sectionEntryByteCount: Int { 8 }
  static var sectionsEnd: Int {
    headerByteCount + RouteSection.allCases.count * sectionEntryByteCount
  }
  static var alignment: Int { 8 }
  /// A larger table is refused.
  public static var byteCountMax: Int { 64 << 20 }
  /// Marks "each element" among the steps into a body: a text of this offset and no bytes.
  static var eachElement: UInt32 { .max }
  /// No child.
  static var none: UInt32 { .max }
}

/// What each section holds.
public enum RouteSection: Int, CaseIterable, Sendable {
  /// UTF-8, one byte a record.
  case texts = 0
  /// The model's id: a text.
  case identity
  /// First route, number of routes, child for `{...}` or all ones (4 each).
  case nodes
  /// Parent +1 or 0 for an empty slot, child (4 each), the segment: a text. A power of two of them.
  case slots
  /// Method and template: texts; flags (`RouteFlag`); first condition, number; first check, number;
  /// first workspace source, number; zero (4 each).
  case routes
  /// Source, flags (`RouteConditionFlag`), first value, number of values (4 each).
  case conditions
  /// Texts: values of conditions, types of operands, steps into bodies.
  case values
  /// Action: a text; resource +1, target +1: operands (4 each).
  case checks
  /// Form (`RouteOperandForm`), first type in `values`, number of types, source of the type +1,
  /// first pair, number of pairs, source of the id +1, zero (4 each).
  case operands
  /// Kind (`RouteSourceKind`), its name: a text (of a segment: its number and 0), first step in
  /// `values`, number of steps (4 each).
  case sources
  /// What a type's source may say, and the type that it means: texts.
  case pairs

  /// Bytes of one record.
  var stride: Int {
    switch self {
    case .texts: 1
    case .identity, .values: 8
    case .nodes: 12
    case .slots, .conditions, .checks, .pairs: 16
    case .sources: 20
    case .operands: 32
    case .routes: 48
    }
  }
}

/// Bits of a route's flags.
public enum RouteFlag {
  /// Everybody may, nobody need say who they are.
  public static var isPublic: UInt32 { 1 }
  /// Some condition, operand or workspace of it comes from the body.
  public static var needsBody: UInt32 { 2 }
  /// Likewise the query.
  public static var needsQuery: UInt32 { 4 }
  /// A resource that the snapshot doesn't know is denied.
  public static var deniesUnknown: UInt32 { 8 }
  /// From here one bit for each kind of principal, by raw value; none: all kinds.
  public static var callersShift: UInt32 { 8 }
  static var known: UInt32 { 0x70f }
}

/// Bits of a condition's flags.
public enum RouteConditionFlag {
  /// The route is not for requests of which the rest holds.
  public static var isNegated: UInt32 { 1 }
  /// It holds where there is any value; otherwise where there is one of those listed.
  public static var isPresence: UInt32 { 2 }
  static var known: UInt32 { 3 }
}

/// How a check of a route names a resource.
public enum RouteOperandForm: UInt32, Sendable {
  /// A type without an id.
  case type = 0
  /// A type and an id.
  case id = 1
  /// One that does not exist yet.
  case new = 2
  /// Each that is linked to the target.
  case linkedToTarget = 3
  /// Both ends of a connection: resource and target at once.
  case connection = 4
}

/// Where a request says something.
public enum RouteSourceKind: UInt32, Sendable {
  case segment = 0
  case query = 1
  case header = 2
  case body = 3
  /// What the gateway's configuration says of the route.
  case context = 4
}
