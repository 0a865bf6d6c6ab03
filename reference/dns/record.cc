#include "reference/dns/record.h"

#include <algorithm>

#include "harness/base/encoding.h"

namespace plumb::dns {
namespace {

constexpr std::string_view v4_zone = ".in-addr.arpa", v6_zone = ".ip6.arpa";
constexpr char hex_digits[] = "0123456789abcdef";

std::string_view type_text(Type type) {
  switch (type) {
    case Type::a: return "A";
    case Type::ns: return "NS";
    case Type::cname: return "CNAME";
    case Type::soa: return "SOA";
    case Type::ptr: return "PTR";
    case Type::txt: return "TXT";
    case Type::aaaa: return "AAAA";
    case Type::srv: return "SRV";
  }
  return "?";
}

std::optional<api::Ip> reverse_v4(std::string_view labels) {
  const auto parts = split(labels, '.');
  if (parts.size() != 4) return std::nullopt;
  std::string text;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) text.append(text.empty() ? "" : ".").append(*part);
  const auto ip = api::Ip::parse(text);
  return ip && !ip->v6 ? ip : std::nullopt;
}

std::optional<api::Ip> reverse_v6(std::string_view labels) {
  if (labels.size() != 63) return std::nullopt;  // 32 digits and the dots between them
  api::Ip ip{true, 0};
  for (int i = 62; i >= 0; i -= 2) {
    const char digit = labels[static_cast<std::size_t>(i)];
    const int value = digit >= '0' && digit <= '9' ? digit - '0' : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
    if (value < 0 || (i > 0 && labels[static_cast<std::size_t>(i - 1)] != '.')) return std::nullopt;
    ip.number = ip.number << 4 | static_cast<unsigned>(value);
  }
  return ip;
}

}  // namespace

std::string to_text(const Record& record) {
  std::string text = record.name + " " + std::to_string(record.ttl) + " " + std::string(type_text(record.type)) + " ";
  switch (record.type) {
    case Type::a:
    case Type::aaaa: return text + record.ip.text();
    case Type::srv: return text + "0 " + std::to_string(record.weight) + " " + std::to_string(record.port) + " " + record.target;
    case Type::soa: return text + record.target + " " + std::to_string(record.serial);
    default: return text + record.target;
  }
}

std::string lower(std::string_view name) {
  std::string made(name);
  for (char& c : made)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return made;
}

bool is_in_zone(std::string_view name, std::string_view zone) {
  if (zone.empty() || name == zone) return true;
  return name.size() > zone.size() && name.ends_with(zone) && name[name.size() - zone.size() - 1] == '.';
}

std::optional<api::Ip> reverse_address(std::string_view name) {
  if (name.ends_with(v4_zone)) return reverse_v4(name.substr(0, name.size() - v4_zone.size()));
  if (name.ends_with(v6_zone)) return reverse_v6(name.substr(0, name.size() - v6_zone.size()));
  return std::nullopt;
}

std::string reverse_name(const api::Ip& ip) {
  std::string name;
  if (ip.v6)
    for (int i = 0; i < 32; ++i) name.append(i > 0 ? "." : "").push_back(hex_digits[static_cast<unsigned>(ip.number >> (4 * i)) & 15]);
  else
    for (int i = 0; i < 4; ++i) name.append(i > 0 ? "." : "").append(std::to_string(static_cast<unsigned>(ip.number >> (8 * i)) & 255));
  return name.append(ip.v6 ? v6_zone : v4_zone);
}

}  // namespace plumb::dns
