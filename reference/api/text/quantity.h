// resource.Quantity: an exact decimal number that remembers how it was written (DecimalSI 100m, BinarySI 128Mi, DecimalExponent 1e3).
//
// A value is a 128-bit count at a decimal scale, never a float. What is finer than a billionth (nano) is rounded away from zero;
// a BinarySI value is capped at 2^63-1; decimal values beyond ±10^36 units of their scale are refused (upstream has no such
// limit, but no resource comes near it). Add and subtract saturate there.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "harness/base/result.h"

namespace plumb::api {

class Quantity {
 public:
  enum class Format : std::uint8_t { decimal_si, binary_si, decimal_exponent };

  Quantity() = default;
  static Quantity of(std::int64_t value, Format format = Format::decimal_si) { return Quantity(value, 0, format); }
  static Quantity of_milli(std::int64_t value, Format format = Format::decimal_si) { return Quantity(value, -3, format); }
  // Upstream's three messages, told apart by their text.
  static Result<Quantity> parse(std::string_view text);

  Format format() const { return format_; }
  void set_format(Format format) { format_ = format; }
  bool is_zero() const { return value_ == 0; }
  int sign() const { return value_ > 0 ? 1 : value_ < 0 ? -1 : 0; }

  // Rounded away from zero to whole units, thousandths, or 10^scale; saturates at int64's range.
  std::int64_t value() const { return scaled_value(0); }
  std::int64_t milli_value() const { return scaled_value(-3); }
  std::int64_t scaled_value(int scale) const;
  double approximate() const;

  // A zero takes on the format of what is added to it.
  Quantity& operator+=(const Quantity& other);
  Quantity& operator-=(const Quantity& other);
  Quantity& operator*=(std::int64_t factor);
  Quantity operator-() const;
  friend Quantity operator+(Quantity left, const Quantity& right) { return left += right; }
  friend Quantity operator-(Quantity left, const Quantity& right) { return left -= right; }
  friend Quantity operator*(Quantity left, std::int64_t factor) { return left *= factor; }

  // By value: 1000m equals 1.
  friend bool operator==(const Quantity& left, const Quantity& right) { return (left <=> right) == 0; }
  friend std::strong_ordering operator<=>(const Quantity& left, const Quantity& right);

  // Canonical form: no fraction, the largest suffix that keeps the value exact.
  std::string to_string() const;
  void append_to(std::string& out) const;

 private:
  using Wide = __int128;
  Quantity(Wide value, int scale, Format format) : value_(value), scale_(scale), format_(format) {}
  static Result<Quantity> parse_slowly(std::string_view text);
  void append_decimal(std::string& out) const;

  Wide value_ = 0;  // in units of 10^scale_
  int scale_ = 0;
  Format format_ = Format::decimal_si;
};

// The canonical form of `text`, for codecs that keep text. Typical values cost no more than a scan.
Result<std::string> canonical_quantity(std::string_view text);
// True when `text` is known to be canonical already, from a scan alone.
bool is_canonical_quantity(std::string_view text);

}  // namespace plumb::api
