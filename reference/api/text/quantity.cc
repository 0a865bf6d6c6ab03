#include "reference/api/text/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

namespace plumb::api {
namespace {

using Wide = __int128;
using Format = Quantity::Format;

constexpr int nano = -9;
constexpr int max_power = 36;

consteval std::array<Wide, max_power + 1> powers() {
  std::array<Wide, max_power + 1> out{};
  out[0] = 1;
  for (int i = 1; i <= max_power; ++i) out[static_cast<std::size_t>(i)] = out[static_cast<std::size_t>(i - 1)] * 10;
  return out;
}
constexpr auto power_of_ten = powers();
Wide pow10(int exponent) { return power_of_ten[static_cast<std::size_t>(exponent)]; }
constexpr Wide limit = power_of_ten[max_power];

bool is_digit(char c) { return c >= '0' && c <= '9'; }

Error wrong_format() {
  return fail(Code::invalid_argument, "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'", "BadRequest");
}
Error bad_number() { return fail(Code::invalid_argument, "unable to parse numeric part of quantity", "BadRequest"); }
Error bad_suffix() { return fail(Code::invalid_argument, "unable to parse quantity's suffix", "BadRequest"); }

struct Suffix {
  Format format;
  int exponent;  // of 10, or of 2 for binary_si
};

std::optional<Suffix> interpret(std::string_view text) {
  constexpr std::string_view decimal = "num", larger = "kMGTPE", binary = "KMGTPE";
  if (text.empty()) return Suffix{Format::decimal_si, 0};
  if (text.size() == 1) {
    if (const auto at = decimal.find(text[0]); at != decimal.npos) return Suffix{Format::decimal_si, static_cast<int>(at) * 3 - 9};
    if (const auto at = larger.find(text[0]); at != larger.npos) return Suffix{Format::decimal_si, static_cast<int>(at) * 3 + 3};
  }
  if (text.size() == 2 && text[1] == 'i')
    if (const auto at = binary.find(text[0]); at != binary.npos) return Suffix{Format::binary_si, static_cast<int>(at) * 10 + 10};
  if (text.size() < 2 || (text[0] != 'e' && text[0] != 'E')) return std::nullopt;
  const std::string_view number = text.substr(text[1] == '+' ? 2 : 1);
  int exponent = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), exponent);
  if (number.empty() || error != std::errc() || end != number.data() + number.size() || (text[1] == '+' && number[0] == '-')) return std::nullopt;
  return Suffix{Format::decimal_exponent, exponent};
}

// Away from zero.
Wide divide_up(Wide value, Wide divisor) { return value / divisor + (value % divisor > 0) - (value % divisor < 0); }

// value * 10^power, saturated at ±10^36.
Wide scale_up(Wide value, int power) {
  if (value == 0) return 0;
  const Wide bound = power > max_power ? 0 : limit / pow10(power);
  if (value > bound) return limit;
  if (value < -bound) return -limit;
  return value * pow10(power);
}

Wide clamp(Wide value) { return std::clamp<Wide>(value, -limit, limit); }

void append_wide(std::string& out, Wide value) {
  char buffer[48];
  char* at = buffer + sizeof buffer;
  const bool negative = value < 0;
  for (Wide rest = negative ? -value : value; rest != 0; rest /= 10) *--at = static_cast<char>('0' + static_cast<int>(rest % 10));
  if (at == buffer + sizeof buffer) *--at = '0';
  if (negative) *--at = '-';
  out.append(at, buffer + sizeof buffer);
}

struct Number {
  bool negative = false;
  Wide digits = 0;    // all digits read, without the point
  int fraction = 0;   // how many of them stand behind the point
  bool inexact = false;  // digits that did not fit were not all zero
  int dropped = 0;    // digits before the point that did not fit
};

}  // namespace

Result<Quantity> Quantity::parse(std::string_view text) {
  std::size_t at = 0;
  std::int64_t whole = 0;
  while (at < text.size() && at < 12 && is_digit(text[at])) whole = whole * 10 + (text[at++] - '0');
  if (at == 0 || at == 12) return parse_slowly(text);
  const std::string_view suffix = text.substr(at);
  if (suffix.empty()) return Quantity(whole, 0, Format::decimal_si);
  if (suffix == "m") return Quantity(whole, -3, Format::decimal_si);
  if (suffix == "Mi") return Quantity(Wide{whole} << 20, 0, Format::binary_si);
  if (suffix == "Ki") return Quantity(Wide{whole} << 10, 0, Format::binary_si);
  return parse_slowly(text);
}

Result<Quantity> Quantity::parse_slowly(std::string_view text) {
  if (text.empty()) return wrong_format();
  Number number;
  std::size_t at = 0;
  if (text[0] == '-' || text[0] == '+') {
    number.negative = text[0] == '-';
    ++at;
  }
  bool fraction = false;
  for (; at < text.size(); ++at) {
    if (text[at] == '.' && !fraction) {
      fraction = true;
    } else if (!is_digit(text[at])) {
      break;
    } else if (number.digits < limit / 10) {
      number.digits = number.digits * 10 + (text[at] - '0');
      number.fraction += fraction;
    } else {
      number.inexact |= text[at] != '0';
      number.dropped += !fraction;
    }
  }
  const std::string_view tail = text.substr(at);
  std::size_t end = std::min(tail.find_first_not_of("eEinumkKMGTP"), tail.size());
  if (end < tail.size() && (tail[end] == '+' || tail[end] == '-')) ++end;
  while (end < tail.size() && is_digit(tail[end])) ++end;
  if (end != tail.size()) return wrong_format();
  const auto suffix = interpret(tail);
  if (!suffix) return bad_suffix();

  Wide value = number.digits + number.inexact;
  Format format = suffix->format;
  int scale = number.dropped - number.fraction;
  if (format == Format::binary_si) {
    if (value > (limit >> suffix->exponent)) {
      value = limit;
    } else {
      value <<= suffix->exponent;
    }
  } else {
    scale += std::clamp(suffix->exponent, -1'000'000, 1'000'000);
  }
  if (value == 0) return Quantity(0, 0, format);
  if (scale > max_power) return bad_number();
  if (scale < nano) {
    const int drop = nano - scale;
    value = drop > max_power ? 1 : divide_up(value, pow10(drop));
    scale = nano;
  }
  if (format == Format::binary_si) {
    const Wide cap = std::numeric_limits<std::int64_t>::max();
    if (scale_up(value, std::max(0, scale - nano)) > scale_up(cap, -nano)) {
      value = cap;
      scale = 0;
    } else if (value < (scale < 0 ? pow10(-scale) : 1)) {
      format = Format::decimal_si;
    }
  }
  return Quantity(number.negative ? -value : value, scale, format);
}

std::int64_t Quantity::scaled_value(int scale) const {
  const int power = scale_ - scale;
  Wide result = value_;
  if (power > 0) result = scale_up(value_, power);
  if (power < 0) result = -power > max_power ? Wide{sign()} : divide_up(value_, pow10(-power));
  return static_cast<std::int64_t>(
      std::clamp<Wide>(result, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()));
}

double Quantity::approximate() const { return static_cast<double>(value_) * std::pow(10.0, scale_); }

Quantity& Quantity::operator+=(const Quantity& other) {
  if (is_zero()) format_ = other.format_;
  if (other.is_zero()) return *this;
  if (is_zero()) scale_ = other.scale_;
  const int scale = std::min(scale_, other.scale_);
  value_ = clamp(scale_up(value_, scale_ - scale) + scale_up(other.value_, other.scale_ - scale));
  scale_ = scale;
  return *this;
}

Quantity& Quantity::operator-=(const Quantity& other) { return *this += -other; }

Quantity& Quantity::operator*=(std::int64_t factor) {
  const Wide bound = factor == 0 ? limit : limit / (factor < 0 ? -Wide{factor} : Wide{factor});
  const bool overflow = value_ > bound || value_ < -bound;
  value_ = overflow ? ((value_ < 0) == (factor < 0) ? limit : -limit) : value_ * factor;
  return *this;
}

Quantity Quantity::operator-() const { return Quantity(-value_, scale_, format_); }

std::strong_ordering operator<=>(const Quantity& left, const Quantity& right) {
  if (left.sign() != right.sign()) return left.sign() <=> right.sign();
  const int scale = std::min(left.scale_, right.scale_);
  const Wide a = scale_up(left.value_, left.scale_ - scale), b = scale_up(right.value_, right.scale_ - scale);
  return a < b ? std::strong_ordering::less : a > b ? std::strong_ordering::greater : std::strong_ordering::equal;
}

void Quantity::append_decimal(std::string& out) const {
  Wide value = value_;
  int scale = scale_;
  while (value % 10 == 0) {
    value /= 10;
    ++scale;
  }
  while (scale % 3 != 0) {
    value *= 10;
    --scale;
  }
  const bool named = format_ != Format::decimal_exponent;
  constexpr int exa = 18;
  if (named && scale > exa) {  // there is no larger suffix
    value = scale_up(value, scale - exa);
    scale = exa;
  }
  append_wide(out, value);
  if (scale == 0) return;
  if (!named) {
    out.append("e").append(std::to_string(scale));
  } else {
    out += std::string_view("num kMGTPE")[static_cast<std::size_t>(scale / 3 + 3)];
  }
}

void Quantity::append_to(std::string& out) const {
  if (value_ == 0) {
    out += '0';
    return;
  }
  const bool binary = format_ == Format::binary_si && (*this >= of(1024) || *this <= of(-1024));
  const bool integral = scale_ >= 0 || (-scale_ <= max_power && value_ % pow10(-scale_) == 0);
  if (!binary || !integral) return append_decimal(out);
  Wide value = scale_ >= 0 ? scale_up(value_, scale_) : value_ / pow10(-scale_);
  std::size_t steps = 0;
  while (value % 1024 == 0 && steps < 6) {
    value /= 1024;
    ++steps;
  }
  append_wide(out, value);
  if (steps) out.append(1, std::string_view(" KMGTPE")[steps]).append("i");
}

std::string Quantity::to_string() const {
  std::string out;
  append_to(out);
  return out;
}

bool is_canonical_quantity(std::string_view text) {
  if (text == "0") return true;
  if (text.empty() || text.size() > 14 || text[0] < '1' || text[0] > '9') return false;
  std::size_t at = 1;
  while (at < text.size() && is_digit(text[at])) ++at;
  const std::string_view suffix = text.substr(at);
  const bool decimal = suffix.empty() || (suffix.size() == 1 && std::string_view("numkMGT").find(suffix[0]) != std::string_view::npos);
  if (decimal) return !text.substr(0, at).ends_with("000");
  // An odd number has no factor 1024 left.
  return suffix.size() == 2 && suffix[1] == 'i' && std::string_view("KMGT").find(suffix[0]) != std::string_view::npos &&
         ((text[at - 1] - '0') % 2 == 1 || at <= 3) && at <= 9;
}

Result<std::string> canonical_quantity(std::string_view text) {
  if (is_canonical_quantity(text)) return std::string(text);
  return PLUMB_TRY(Quantity::parse(text)).to_string();
}

}  // namespace plumb::api
