// Questions and answers of the cluster's names, without their wire format. Names are text without the last dot; "" is the root.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/api/text/ip.h"

namespace plumb::dns {

// Numbers as on the wire. Any other number may be asked for; nothing here has such records.
enum class Type : std::uint16_t { a = 1, ns = 2, cname = 5, soa = 6, ptr = 12, txt = 16, aaaa = 28, srv = 33 };
enum class Code : std::uint8_t { no_error = 0, format_error = 1, server_failure = 2, name_error = 3, not_implemented = 4, refused = 5 };

struct Record {
  std::string name;
  Type type = Type::a;
  std::uint32_t ttl = 0;  // seconds
  api::Ip ip;             // of a and aaaa
  std::string target;     // of the others: a name; of txt its text
  std::uint16_t port = 0, weight = 0;  // of srv
  std::uint32_t serial = 0;            // of soa
};
// "web.ns.svc.cluster.local 30 A 10.96.0.7": for tests and messages.
std::string to_text(const Record& record);

struct Question {
  std::string name;  // as asked: answers keep its case
  Type type = Type::a;
};

struct Answer {
  enum class From : std::uint8_t {
    here,       // the sections below are the answer
    elsewhere,  // the name is not of this cluster: other servers know
    nobody,     // the cluster has not been seen yet
  };
  From from = From::here;
  Code code = Code::no_error;
  std::vector<Record> answers, authority, additional;
  // The last of `answers` is an alias for this name, of which other servers must be asked.
  std::optional<std::string> continued_at;
};

std::string lower(std::string_view name);  // ASCII
// `name` is `zone` or below it; both lower case.
bool is_in_zone(std::string_view name, std::string_view zone);
// The address that "7.0.96.10.in-addr.arpa" or a name below ip6.arpa (lower case) stands for.
std::optional<api::Ip> reverse_address(std::string_view name);
std::string reverse_name(const api::Ip& ip);

}  // namespace plumb::dns
