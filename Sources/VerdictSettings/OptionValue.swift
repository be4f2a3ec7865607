public import VerdictSystem

/// Why a text is no value of an option: what was expected instead, for people.
public struct OptionFault: Error, Equatable {
  public let message: String

  public init(_ message: String) { self.message = message }
}

/// What an option can be: read from a text, and written as one that reads the same.
public protocol OptionValue: Sendable, Equatable {
  init(optionText: String) throws(OptionFault)
  var optionText: String { get }
}

/// A path or a name: any text that is not empty and has no zero byte.
extension String: OptionValue {
  public init(optionText: String) throws(OptionFault) {
    guard !optionText.isEmpty, !optionText.utf8.contains(0) else {
      throw OptionFault("is empty or has a zero byte, expected a path or a name")
    }
    self = optionText
  }

  public var optionText: String { self }
}

extension Int: OptionValue {
  public init(optionText: String) throws(OptionFault) {
    guard let number = Int(optionText) else { throw OptionFault("expected a whole number") }
    self = number
  }

  public var optionText: String { description }
}

extension Double: OptionValue {
  public init(optionText: String) throws(OptionFault) {
    guard let number = Double(optionText), number.isFinite else {
      throw OptionFault("expected a number")
    }
    self = number
  }

  public var optionText: String {
    self == rounded() && magnitude < 1e15 ? String(Int(self)) : description
  }
}

extension Bool: OptionValue {
  public init(optionText: String) throws(OptionFault) {
    switch optionText {
    case "on", "true": self = true
    case "off", "false": self = false
    default: throw OptionFault("expected `on` or `off`")
    }
  }

  public var optionText: String { self ? "on" : "off" }
}

extension SocketAddress: OptionValue {
  public init(optionText: String) throws(OptionFault) {
    do throws(ParseError) {
      self = try SocketAddress(parsing: optionText)
    } catch {
      throw OptionFault(error.reason)
    }
  }

  public var optionText: String { description }
}

/// An address, or `none`.
public enum OptionalAddress: OptionValue {
  case none
  case address(SocketAddress)

  public init(optionText: String) throws(OptionFault) {
    self = optionText == "none" ? .none : .address(try SocketAddress(optionText: optionText))
  }

  public var optionText: String {
    switch self {
    case .none: "none"
    case .address(let address): address.optionText
    }
  }
}

/// The path of a Unix socket.
public struct UnixPath: OptionValue {
  public let path: String

  public init(_ path: String) { self.path = path }

  public init(optionText: String) throws(OptionFault) {
    path = optionText
    _ = try SocketAddress(optionText: "unix:" + optionText)
  }

  public var optionText: String { path }
  public var address: SocketAddress { .unix(path: path) }
}

/// The mode of a socket's name, in octal.
public struct SocketMode: OptionValue {
  public let mode: UInt32

  public init(optionText: String) throws(OptionFault) {
    guard let mode = UInt32(optionText, radix: 8), mode <= 0o777 else {
      throw OptionFault("expected a mode in octal, from 0 to 0777")
    }
    self.mode = mode
  }

  public var optionText: String { "0" + String(mode, radix: 8) }
}

/// To whom something belongs, as people write it.
public struct OwnerName: OptionValue {
  public let optionText: String
  public let owner: SocketOwner

  public init(optionText: String) throws(OptionFault) {
    do throws(SocketOwner.ParseError) {
      owner = try SocketOwner(parsing: optionText)
    } catch {
      throw OptionFault(error.description)
    }
    self.optionText = optionText
  }
}

/// A number of bytes: `1048576`, `64KiB`, `1MiB` or `2GiB`.
public struct ByteCount: OptionValue, Comparable {
  public let byteCount: Int

  public init(_ byteCount: Int) { self.byteCount = byteCount }

  private static let units = [("KiB", 10), ("MiB", 20), ("GiB", 30)]

  public init(optionText: String) throws(OptionFault) {
    let unit = ByteCount.units.first { optionText.hasSuffix($0.0) }
    let digits = optionText.dropLast(unit?.0.utf8.count ?? 0)
    guard let number = Int(digits), (0...1 << 32).contains(number) else {
      throw OptionFault("expected a number of bytes, like 1048576, 1024KiB or 1MiB")
    }
    byteCount = number << (unit?.1 ?? 0)
  }

  public var optionText: String {
    for (name, shift) in ByteCount.units.reversed()
    where byteCount > 0 && byteCount.isMultiple(of: 1 << shift) {
      return "\(byteCount >> shift)\(name)"
    }
    return byteCount.description
  }

  public static func < (a: ByteCount, b: ByteCount) -> Bool { a.byteCount < b.byteCount }
}

/// One of a few words.
extension OptionValue where Self: RawRepresentable & CaseIterable, RawValue == String {
  public init(optionText: String) throws(OptionFault) {
    guard let value = Self(rawValue: optionText) else {
      throw OptionFault("expected one of \(Self.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    self = value
  }

  public var optionText: String { rawValue }
}

/// The least level that is logged.
public enum LogLevel: String, OptionValue, CaseIterable {
  case trace, debug, info, notice, warning, error, critical
}
