// The wire format (RFC 1035, 6891), by libldns: requests in, responses out. Nothing that comes from outside is believed before ldns has parsed it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/dns/record.h"

struct ldns_struct_pkt;

namespace plumb::dns {

inline constexpr std::size_t plain_udp_size = 512;     // bytes of an answer to who says nothing about sizes
inline constexpr std::size_t largest_udp_size = 1232;  // fits an unfragmented packet on every path
inline constexpr std::size_t largest_message = 65535;

struct FreePacket {
  void operator()(ldns_struct_pkt* packet) const;
};
using Packet = std::unique_ptr<ldns_struct_pkt, FreePacket>;

// One request that can be answered.
struct Query {
  Packet packet;
  std::uint16_t id = 0;
  Question question;
  bool edns = false, dnssec_ok = false, checking_disabled = false;
  std::size_t largest = plain_udp_size;  // bytes of an answer over UDP
};

struct Parsed {
  std::optional<Query> query;
  // Without a query: what is answered instead; empty: nothing.
  std::string reply;
};
Parsed parse_query(std::string_view bytes);

// The answer that is sent. What does not fit into `limit` bytes is left out: first additional records, then answers, which is marked as truncated.
std::string encode(const Query& query, const Answer& answer, std::size_t limit);
std::string encode_code(const Query& query, Code code);

// The same question under another id and perhaps another name, to be asked of another server.
std::string encode_upstream(const Query& query, const std::string& name, std::uint16_t id);

// What another server answered.
struct Upstream {
  Packet packet;
  bool truncated = false;
  Code code = Code::no_error;
  std::uint32_t ttl = 0;  // seconds for which it may be kept, by its records; 0: not at all
};
// nullopt: this is no answer to that question.
std::optional<Upstream> parse_upstream(std::string_view bytes, const Query& query, const std::string& name, std::uint16_t id);
// That answer for whoever asks, after `prefix` (aliases that lead to it), with times to live less by `age` seconds and at most `cap`.
std::string encode_from(const Query& query, const std::vector<Record>& prefix, const Upstream& upstream, std::uint32_t age, std::uint32_t cap, std::size_t limit);

// For metrics: "A"; "other" for what is rare.
std::string type_name(Type type);
std::string code_name(Code code);

}  // namespace plumb::dns
