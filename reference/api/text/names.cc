#include "reference/api/text/names.h"

#include <arpa/inet.h>

#include <algorithm>
#include <initializer_list>

#include "harness/base/encoding.h"
#include "reference/api/text/ip.h"

namespace plumb::api {
namespace {

constexpr std::string_view label_format = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
constexpr std::string_view subdomain_format = R"([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)";
constexpr std::string_view qualified_format = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
constexpr std::size_t label_limit = 63, subdomain_limit = 253;

bool lower(char c) { return c >= 'a' && c <= 'z'; }
bool upper(char c) { return c >= 'A' && c <= 'Z'; }
bool digit(char c) { return c >= '0' && c <= '9'; }
bool lower_or_digit(char c) { return lower(c) || digit(c); }
bool alphanumeric(char c) { return lower(c) || upper(c) || digit(c); }

template <class Predicate>
bool all(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

bool is_label(std::string_view text) {
  return !text.empty() && lower_or_digit(text.front()) && lower_or_digit(text.back()) &&
         all(text, [](char c) { return lower_or_digit(c) || c == '-'; });
}

bool is_subdomain(std::string_view text) {
  std::size_t start = 0;
  for (;;) {
    const std::size_t dot = text.find('.', start);
    if (!is_label(text.substr(start, dot == text.npos ? dot : dot - start))) return false;
    if (dot == text.npos) return true;
    start = dot + 1;
  }
}

bool is_qualified_part(std::string_view text) {
  return !text.empty() && alphanumeric(text.front()) && alphanumeric(text.back()) &&
         all(text, [](char c) { return alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

std::string regex_error(std::string message, std::string_view format, std::initializer_list<std::string_view> examples) {
  std::string_view separator;
  message += " (e.g. ";
  for (const auto example : examples) {
    message.append(separator).append("'").append(example).append("', ");
    separator = " or ";
  }
  return message.append("regex used for validation is '").append(format).append("')");
}

Problems sized(std::string_view value, std::size_t limit) {
  Problems problems;
  if (value.size() > limit) problems.push_back(max_length_error(limit));
  return problems;
}

void forbid_parent_path(std::string_view value, Problems& problems) {
  if (value == ".") {
    problems.emplace_back("must not be '.'");
  } else if (value == "..") {
    problems.emplace_back("must not be '..'");
  } else if (value.starts_with("..")) {
    problems.emplace_back("must not start with '..'");
  }
}

std::string qualified_error() {
  return regex_error("must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
                     qualified_format, {"MyName", "my.name", "123-abc"});
}

// As Go's net.ParseIP: dotted IPv4 without leading zeros, or IPv6 without a zone.
int ip_bits(std::string_view value) {
  const std::string text(value);
  unsigned char bytes[16];
  if (text.find('\0') != text.npos) return 0;
  if (inet_pton(AF_INET, text.c_str(), bytes) == 1) return 32;
  return inet_pton(AF_INET6, text.c_str(), bytes) == 1 ? 128 : 0;
}

}  // namespace

std::string max_length_error(std::size_t length) { return "must be no more than " + std::to_string(length) + " characters"; }

Problems check_dns1123_label(std::string_view value) {
  Problems problems = sized(value, label_limit);
  if (!is_label(value))
    problems.push_back(regex_error("a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
                                   "end with an alphanumeric character",
                                   label_format, {"my-name", "123-abc"}));
  return problems;
}

Problems check_dns1123_subdomain(std::string_view value) {
  Problems problems = sized(value, subdomain_limit);
  if (!is_subdomain(value))
    problems.push_back(regex_error("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
                                   "start and end with an alphanumeric character",
                                   subdomain_format, {"example.com"}));
  return problems;
}

Problems check_wildcard_dns1123_subdomain(std::string_view value) {
  Problems problems = sized(value, subdomain_limit);
  if (!value.starts_with("*.") || !is_subdomain(value.substr(2)))
    problems.push_back(regex_error("a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of "
                                   "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
                                   R"(\*\.)" + std::string(subdomain_format), {"*.example.com"}));
  return problems;
}

Problems check_dns1035_label(std::string_view value) {
  Problems problems = sized(value, label_limit);
  if (!is_label(value) || !lower(value.front()))
    problems.push_back(regex_error("a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
                                   "character, and end with an alphanumeric character",
                                   "[a-z]([-a-z0-9]*[a-z0-9])?", {"my-name", "abc-123"}));
  return problems;
}

Problems check_qualified_name(std::string_view value) {
  const auto parts = split(value, '/');
  if (parts.size() > 2)
    return {"a qualified name " + qualified_error() + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"};
  Problems problems;
  if (parts.size() == 2) {
    if (parts[0].empty()) {
      problems.emplace_back("prefix part must be non-empty");
    } else {
      for (const auto& problem : check_dns1123_subdomain(parts[0])) problems.push_back("prefix part " + problem);
    }
  }
  const std::string_view name = parts.empty() ? value : parts.back();
  if (name.empty()) {
    problems.emplace_back("name part must be non-empty");
  } else if (name.size() > label_limit) {
    problems.push_back("name part " + max_length_error(label_limit));
  }
  if (!is_qualified_part(name)) problems.push_back("name part " + qualified_error());
  return problems;
}

Problems check_label_key(std::string_view value) { return check_qualified_name(value); }

Problems check_label_value(std::string_view value) {
  Problems problems = sized(value, label_limit);
  if (!value.empty() && !is_qualified_part(value))
    problems.push_back(regex_error("a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
                                   "start and end with an alphanumeric character",
                                   "(" + std::string(qualified_format) + ")?", {"MyValue", "my_value", "12345"}));
  return problems;
}

Problems check_annotation_key(std::string_view value) {
  std::string lowered(value);
  for (char& c : lowered)
    if (upper(c)) c = static_cast<char>(c - 'A' + 'a');
  return check_qualified_name(lowered);
}

Problems check_path_segment_name(std::string_view value) {
  if (value == ".") return {"may not be '.'"};
  if (value == "..") return {"may not be '..'"};
  Problems problems;
  for (const char forbidden : {'/', '%'})
    if (value.find(forbidden) != value.npos) problems.push_back(std::string("may not contain '") + forbidden + "'");
  return problems;
}

Problems check_c_identifier(std::string_view value) {
  const auto starts = [](char c) { return lower(c) || upper(c) || c == '_'; };
  if (!value.empty() && starts(value[0]) && all(value, [&](char c) { return starts(c) || digit(c); })) return {};
  return {regex_error("a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
                      "[A-Za-z_][A-Za-z0-9_]*", {"my_name", "MY_NAME", "MyName"})};
}

Problems check_env_var_name(std::string_view value) {
  Problems problems;
  const bool valid = !value.empty() && all(value, [](char c) { return c >= ' ' && c <= '~' && c != '='; });
  if (!valid)
    problems.push_back(regex_error("a valid environment variable name must consist only of printable ASCII characters other than '='", "[ -<>-~]+",
                                   {"my.env-name", "MY_ENV.NAME", "MyEnvName1"}));
  return problems;
}

Problems check_config_map_key(std::string_view value) {
  Problems problems = sized(value, subdomain_limit);
  if (value.empty() || !all(value, [](char c) { return alphanumeric(c) || c == '-' || c == '_' || c == '.'; }))
    problems.push_back(regex_error("a valid config key must consist of alphanumeric characters, '-', '_' or '.'", "[-._a-zA-Z0-9]+",
                                   {"key.name", "KEY_NAME", "key-name"}));
  forbid_parent_path(value, problems);
  return problems;
}

Problems check_http_header_name(std::string_view value) {
  if (!value.empty() && all(value, [](char c) { return alphanumeric(c) || c == '-'; })) return {};
  return {regex_error("a valid HTTP header must consist of alphanumeric characters or '-'", "[-A-Za-z0-9]+", {"X-Header-Name"})};
}

Problems check_condition_reason(std::string_view value) {
  const auto inner = [](char c) { return alphanumeric(c) || c == '_' || c == ',' || c == ':'; };
  const auto last = [](char c) { return alphanumeric(c) || c == '_'; };
  if (!value.empty() && (lower(value.front()) || upper(value.front())) && all(value, inner) && last(value.back())) return {};
  return {regex_error("a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', "
                      "and must end with an alphanumeric character or '_'",
                      "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?", {"my_name", "MY_NAME", "MyName", "ReasonA,ReasonB", "ReasonA:ReasonB"})};
}

Problems check_percent(std::string_view value) {
  if (value.size() >= 2 && value.back() == '%' && all(value.substr(0, value.size() - 1), digit)) return {};
  return {regex_error("a valid percent string must be a numeric string followed by an ending '%'", "[0-9]+%", {"1%", "93%"})};
}

Problems check_port_name(std::string_view value) {
  Problems problems = sized(value, 15);
  if (value.empty() || !all(value, [](char c) { return lower_or_digit(c) || c == '-'; }))
    problems.emplace_back("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (std::none_of(value.begin(), value.end(), lower)) problems.emplace_back("must contain at least one letter (a-z)");
  if (value.find("--") != value.npos) problems.emplace_back("must not contain consecutive hyphens");
  if (!value.empty() && (value.front() == '-' || value.back() == '-')) problems.emplace_back("must not begin or end with a hyphen");
  return problems;
}

Problems check_port_number(std::int64_t value) { return check_in_range(value, 1, 65535); }

Problems check_in_range(std::int64_t value, std::int64_t low, std::int64_t high) {
  if (value >= low && value <= high) return {};
  return {"must be between " + std::to_string(low) + " and " + std::to_string(high) + ", inclusive"};
}

Problems check_ip(std::string_view value) {
  if (ip_bits(value)) return {};
  return {"must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"};
}

Problems check_ordinary_ip(std::string_view value) {
  const auto ip = Ip::parse(value);
  if (!ip) return {};
  const auto within = [&](std::string_view range) { return IpRange::parse(range)->contains(*ip); };
  Problems problems;
  if (ip->number == 0) problems.emplace_back("may not be unspecified (" + std::string(value) + ")");
  if (within("127.0.0.0/8") || within("::1/128")) problems.emplace_back("may not be in the loopback range (127.0.0.0/8, ::1/128)");
  if (within("169.254.0.0/16") || within("fe80::/10")) problems.emplace_back("may not be in the link-local range (169.254.0.0/16, fe80::/10)");
  if (within("224.0.0.0/24") || within("ff02::/16")) problems.emplace_back("may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
  return problems;
}

Problems check_cidr(std::string_view value) {
  const std::size_t slash = value.find('/');
  const int bits = slash == value.npos ? 0 : ip_bits(value.substr(0, slash));
  if (bits) {
    const std::string_view length = value.substr(slash + 1);
    const auto number = parse_int(length);
    if (number && *number >= 0 && *number <= bits && all(length, digit)) return {};
  }
  return {"must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"};
}

}  // namespace plumb::api
