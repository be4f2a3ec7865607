internal import FoundationEssentials

/// The JSON documents of a layout as bytes.
enum LayoutDocument {
  /// - Parameter code: what an unreadable document is called; `index.json` may be half written.
  static func value<Value: Decodable>(
    _ type: Value.Type, from bytes: [UInt8], place: String, unreadable code: ControlError.Code
  ) throws(ControlError) -> Value {
    do {
      return try JSONDecoder().decode(type, from: Data(bytes))
    } catch DecodingError.keyNotFound(let key, let context) {
      throw .init(.document, place, "\(quoted(path(context, key))) is missing; publish it again")
    } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context)
    {
      throw .init(.document, place, "\(quoted(path(context))) has the wrong type; publish it again")
    } catch {
      throw .init(code, place, "not a whole JSON document; publish it again if it stays so")
    }
  }

  private static func path(_ context: DecodingError.Context, _ last: (any CodingKey)? = nil)
    -> String
  {
    (context.codingPath + (last.map { [$0] } ?? [])).map(\.stringValue).joined(separator: ".")
  }

  /// RFC 3339 in UTC, as annotations have it.
  static func timestamp(_ seconds: Int64) -> String {
    Date(timeIntervalSince1970: Double(seconds)).ISO8601Format()
  }

  /// Seconds since 1970 of an RFC 3339 time.
  static func seconds(ofTimestamp text: String) -> Int64? {
    guard let date = try? Date(text, strategy: .iso8601) else { return nil }
    return Int64(exactly: date.timeIntervalSince1970.rounded(.down))
  }
}
