public import VerdictModel

/// A file of policy tests: a table of checks, each with the answer that is expected of them.
///
/// ```yaml
/// rule: members edit what the baseline lists     # one line, for people
/// policies: [acme.yaml]                          # beside this file; files or directories
/// defaults: {workspace: prod, principal: mia}
/// checks:
///   - {action: edit, resource: destination/D1, expect: allow}
///   - {action: edit, resource: destination/D3, expect: deny, reason: resource_not_in_scope,
///      permission: edit, operand: self}
/// ```
///
/// Instead of `policies`, `document: |` holds the text of one document. A field that a check
/// does not have is taken from `defaults`. `reason`, `permission` and `operand` are compared where
/// they are written.
public struct PolicyTest: Sendable {
  public var path: String
  /// What the tests show; empty where the file doesn't say.
  public var rule: String
  public var policies: Policies
  public var rows: [Row]

  public enum Policies: Sendable {
    /// Paths, already seen from where the file lies.
    case paths([String])
    /// The text of a document, and where its block begins.
    case text(String, Mark)
    /// The file names none.
    case none
  }

  public struct Row: Sendable {
    public var mark: Mark
    public var check: Check
    public var expected: Expectation
  }

  /// What is expected of an answer; nil: anything.
  public struct Expectation: Sendable {
    public var effect: Effect
    public var reason: Reason?
    public var permission: String?
    public var operand: String?

    /// Complexity: linear in the texts.
    public func holds(for answer: CheckAnswer) -> Bool {
      answer.effect == effect && (reason == nil || answer.reason == reason)
        && Expectation.isSame(permission, answer.permission)
        && Expectation.isSame(operand, answer.operand)
    }

    /// By bytes, as ids are compared everywhere.
    private static func isSame(_ expected: String?, _ actual: String?) -> Bool {
      guard let expected else { return true }
      return actual.map { $0.utf8.elementsEqual(expected.utf8) } ?? false
    }
  }
}

extension PolicyTest {
  /// Reads a file.
  ///
  /// - Throws: a file that can't be read, and everything that is wrong in it.
  public static func load(path: String) throws(PolicyError) -> PolicyTest {
    try read(try Files.read(path), path: path)
  }

  /// Reads the bytes of a file.
  ///
  /// - Throws: everything that is wrong in it.
  public static func read(_ bytes: [UInt8], path: String) throws(PolicyError) -> PolicyTest {
    do {
      return try bytes.withByteView { view throws(PolicyError) in
        var reader = PolicyTestReader(reading: try Reading.parse(view, path: path), path: path)
        return try reader.read()
      }
    } catch let error as PolicyError {
      throw error
    } catch {
      preconditionFailure("reading throws policy errors alone")
    }
  }
}
