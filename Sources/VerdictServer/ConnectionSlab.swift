/// The connections of a loop, each under a number that is never used twice: the place in the slab
/// and how often that place was taken before. Events of a closed connection find nobody.
@safe
struct ConnectionSlab: ~Copyable {
  @safe
  private struct Place {
    var connection: UnsafeMutablePointer<Connection>?
    var generation: UInt32
    var nextFree: UInt32
  }

  private static let none = UInt32.max

  private var places: UnsafeMutablePointer<Place>
  private var capacity = 64
  private var usedCount = 0
  private var firstFree = ConnectionSlab.none
  private(set) var count = 0

  init() { unsafe places = .allocate(capacity: capacity) }

  deinit {
    precondition(count == 0, "a loop closes its connections before it ends")
    // SAFETY: allocated by us; plain values.
    unsafe places.deallocate()
  }

  /// Puts a connection into a free place and answers its number.
  mutating func insert(_ connection: consuming Connection) -> UInt64 {
    let index = takePlace()
    let pointer = UnsafeMutablePointer<Connection>.allocate(capacity: 1)
    // SAFETY: fresh memory; the place is within the slab.
    unsafe pointer.initialize(to: connection)
    unsafe places[index].connection = pointer
    count += 1
    return unsafe ConnectionSlab.number(index, places[index].generation)
  }

  /// The connection with this number, nil when it has been closed.
  @unsafe
  func find(_ number: UInt64) -> UnsafeMutablePointer<Connection>? {
    let index = Int(UInt32(truncatingIfNeeded: number))
    // SAFETY: the index is checked against the places in use.
    guard index < usedCount, unsafe places[index].generation == UInt32(number >> 32) else {
      return nil
    }
    return unsafe places[index].connection
  }

  /// Destroys the connection with this number and frees its place.
  mutating func remove(_ number: UInt64) {
    guard let pointer = unsafe find(number) else {
      preconditionFailure("a connection is removed once")
    }
    let index = Int(UInt32(truncatingIfNeeded: number))
    // SAFETY: found just now.
    unsafe pointer.deinitialize(count: 1)
    unsafe pointer.deallocate()
    unsafe places[index].connection = nil
    unsafe places[index].generation &+= 1
    unsafe places[index].nextFree = firstFree
    firstFree = UInt32(index)
    count -= 1
  }

  /// Places that are or were taken, each with an index from 0.
  var placeCount: Int { usedCount }

  /// The number of the connection in a place, nil where there is none. Allocates nothing.
  func number(at index: Int) -> UInt64? {
    precondition(index >= 0 && index < usedCount, "a place of the slab")
    // SAFETY: the index was just checked.
    let place = unsafe places[index]
    return unsafe place.connection == nil ? nil : ConnectionSlab.number(index, place.generation)
  }

  /// The numbers of all connections.
  func numbers() -> [UInt64] {
    var numbers: [UInt64] = []
    for index in 0..<usedCount {
      // SAFETY: the index is below the places in use.
      let place = unsafe places[index]
      if unsafe place.connection != nil {
        numbers.append(ConnectionSlab.number(index, place.generation))
      }
    }
    return numbers
  }

  private mutating func takePlace() -> Int {
    if firstFree != ConnectionSlab.none {
      let index = Int(firstFree)
      // SAFETY: a free place within the slab.
      firstFree = unsafe places[index].nextFree
      return index
    }
    if usedCount == capacity {
      let bigger = UnsafeMutablePointer<Place>.allocate(capacity: capacity * 2)
      // SAFETY: all places are in use, and plain values.
      unsafe bigger.initialize(from: places, count: usedCount)
      unsafe places.deallocate()
      unsafe places = bigger
      capacity *= 2
    }
    // SAFETY: below the capacity.
    unsafe (places + usedCount).initialize(
      to: Place(connection: nil, generation: 0, nextFree: ConnectionSlab.none))
    usedCount += 1
    return usedCount - 1
  }

  private static func number(_ index: Int, _ generation: UInt32) -> UInt64 {
    UInt64(generation) << 32 | UInt64(index)
  }
}
