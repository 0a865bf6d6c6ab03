#include "reference/dns/wire.h"

#include <ldns/ldns.h>

#include <algorithm>
#include <cstring>
#include <functional>

namespace plumb::dns {
namespace {

constexpr std::size_t header_size = 12;
constexpr int default_serial_refresh = 7200, default_serial_retry = 1800, default_serial_expire = 86400;  // CoreDNS'
constexpr std::uint32_t keep_failure = 5;                                                                  // seconds, CoreDNS'

unsigned word(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]) << 8 | static_cast<unsigned char>(bytes[at + 1]); }
unsigned octet(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

// The header alone, as an answer: for what could not be read any further.
std::string bare_reply(std::string_view bytes, Code code) {
  const Packet packet(ldns_pkt_new());
  ldns_pkt_set_id(packet.get(), static_cast<std::uint16_t>(word(bytes, 0)));
  ldns_pkt_set_qr(packet.get(), true);
  ldns_pkt_set_opcode(packet.get(), static_cast<ldns_pkt_opcode>(octet(bytes, 2) >> 3 & 15));
  ldns_pkt_set_rd(packet.get(), octet(bytes, 2) & 1);
  ldns_pkt_set_rcode(packet.get(), static_cast<std::uint8_t>(code));
  std::uint8_t* wire = nullptr;
  std::size_t size = 0;
  if (ldns_pkt2wire(&wire, packet.get(), &size) != LDNS_STATUS_OK) return {};
  std::string reply(reinterpret_cast<char*>(wire), size);
  std::free(wire);
  return reply;
}

std::string serialize(const ldns_pkt* packet) {
  std::uint8_t* wire = nullptr;
  std::size_t size = 0;
  if (ldns_pkt2wire(&wire, packet, &size) != LDNS_STATUS_OK) return {};
  std::string bytes(reinterpret_cast<char*>(wire), size);
  std::free(wire);
  return bytes;
}

Packet parse(std::string_view bytes) {
  ldns_pkt* packet = nullptr;
  if (ldns_wire2pkt(&packet, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()) != LDNS_STATUS_OK) return nullptr;
  return Packet(packet);
}

// Without the last dot; what is no letter, digit or sign is escaped as in zone files.
std::string name_text(const ldns_rdf* name) {
  char* text = ldns_rdf2str(name);
  if (!text) return {};
  std::string made(text);
  std::free(text);
  if (made.ends_with('.')) made.pop_back();
  return made;
}

ldns_rdf* make_name(const std::string& name) {
  ldns_rdf* made = ldns_dname_new_frm_str((name + ".").c_str());
  return made ? made : ldns_dname_new_frm_str(".");
}

ldns_rdf* make_address(const api::Ip& ip) {
  std::uint8_t octets[16];
  const std::size_t size = ip.v6 ? 16 : 4;
  for (std::size_t i = 0; i < size; ++i) octets[i] = static_cast<std::uint8_t>(ip.number >> (8 * (size - 1 - i)));
  return ldns_rdf_new_frm_data(ip.v6 ? LDNS_RDF_TYPE_AAAA : LDNS_RDF_TYPE_A, size, octets);
}

void push_soa(ldns_rr* rr, const Record& record) {
  ldns_rr_push_rdf(rr, make_name(record.target));
  ldns_rr_push_rdf(rr, make_name("hostmaster." + record.name));
  for (const std::uint32_t number : {record.serial, std::uint32_t{default_serial_refresh}, std::uint32_t{default_serial_retry}, std::uint32_t{default_serial_expire}, record.ttl})
    ldns_rr_push_rdf(rr, ldns_native2rdf_int32(LDNS_RDF_TYPE_INT32, number));
}

ldns_rr* make_rr(const Record& record, const Query& query, const std::string& asked) {
  ldns_rr* rr = ldns_rr_new();
  const ldns_rr* question = ldns_rr_list_rr(ldns_pkt_question(query.packet.get()), 0);
  ldns_rr_set_owner(rr, record.name == query.question.name || record.name == asked ? ldns_rdf_clone(ldns_rr_owner(question)) : make_name(record.name));
  ldns_rr_set_type(rr, static_cast<ldns_rr_type>(record.type));
  ldns_rr_set_class(rr, LDNS_RR_CLASS_IN);
  ldns_rr_set_ttl(rr, record.ttl);
  switch (record.type) {
    case Type::a:
    case Type::aaaa: ldns_rr_push_rdf(rr, make_address(record.ip)); break;
    case Type::txt: ldns_rr_push_rdf(rr, ldns_rdf_new_frm_str(LDNS_RDF_TYPE_STR, record.target.c_str())); break;
    case Type::soa: push_soa(rr, record); break;
    case Type::srv:
      for (const std::uint16_t number : {std::uint16_t{0}, record.weight, record.port}) ldns_rr_push_rdf(rr, ldns_native2rdf_int16(LDNS_RDF_TYPE_INT16, number));
      ldns_rr_push_rdf(rr, make_name(record.target));
      break;
    default: ldns_rr_push_rdf(rr, make_name(record.target));
  }
  return rr;
}

Packet start_reply(const Query& query, Code code, bool authoritative) {
  Packet packet(ldns_pkt_new());
  ldns_pkt_set_id(packet.get(), query.id);
  ldns_pkt_set_qr(packet.get(), true);
  ldns_pkt_set_aa(packet.get(), authoritative);
  ldns_pkt_set_rd(packet.get(), ldns_pkt_rd(query.packet.get()));
  ldns_pkt_set_cd(packet.get(), query.checking_disabled);
  ldns_pkt_set_ra(packet.get(), true);
  ldns_pkt_set_rcode(packet.get(), static_cast<std::uint8_t>(code));
  ldns_pkt_push_rr(packet.get(), LDNS_SECTION_QUESTION, ldns_rr_clone(ldns_rr_list_rr(ldns_pkt_question(query.packet.get()), 0)));
  if (query.edns) {
    ldns_pkt_set_edns_udp_size(packet.get(), largest_udp_size);
    ldns_pkt_set_edns_do(packet.get(), query.dnssec_ok);
  }
  return packet;
}

using Fill = std::function<void(ldns_pkt* packet, std::size_t answers, bool others)>;

// The whole answer if it fits, else without what goes first, else with as many answers as fit.
std::string fit(const std::function<Packet()>& start, const Fill& fill, std::size_t answers, std::size_t limit) {
  const auto attempt = [&](std::size_t count, bool others, bool truncated) {
    const Packet packet = start();
    ldns_pkt_set_tc(packet.get(), truncated);
    fill(packet.get(), count, others);
    return serialize(packet.get());
  };
  std::string whole = attempt(answers, true, false);
  if (whole.size() <= limit) return whole;
  whole = attempt(answers, false, false);
  if (whole.size() <= limit && answers > 0) return whole;
  std::size_t fits = 0, too_many = answers;
  while (fits + 1 < too_many) {
    const std::size_t middle = (fits + too_many) / 2;
    (attempt(middle, false, true).size() <= limit ? fits : too_many) = middle;
  }
  return attempt(fits, false, true);
}

void push(ldns_pkt* packet, ldns_pkt_section section, ldns_rr* rr) { ldns_pkt_push_rr(packet, section, rr); }

// The least time to live of an answer; of one in the negative what its SOA says.
std::uint32_t ttl_of(const ldns_pkt* packet, Code code) {
  std::uint32_t ttl = UINT32_MAX;
  const ldns_rr_list* answers = ldns_pkt_answer(packet);
  for (std::size_t i = 0; i < ldns_rr_list_rr_count(answers); ++i) ttl = std::min(ttl, ldns_rr_ttl(ldns_rr_list_rr(answers, i)));
  if (ttl != UINT32_MAX && code == Code::no_error) return ttl;
  if (code == Code::server_failure) return keep_failure;
  const ldns_rr_list* authority = ldns_pkt_authority(packet);
  for (std::size_t i = 0; i < ldns_rr_list_rr_count(authority); ++i) {
    const ldns_rr* rr = ldns_rr_list_rr(authority, i);
    if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_SOA || ldns_rr_rd_count(rr) < 7) continue;
    return std::min({ttl, ldns_rr_ttl(rr), ldns_rdf2native_int32(ldns_rr_rdf(rr, 6))});
  }
  return 0;
}

}  // namespace

void FreePacket::operator()(ldns_struct_pkt* packet) const { ldns_pkt_free(packet); }

Parsed parse_query(std::string_view bytes) {
  if (bytes.size() < header_size || octet(bytes, 2) & 0x80) return {};  // too short to be answered, or an answer itself
  const unsigned opcode = octet(bytes, 2) >> 3 & 15;
  if (opcode != 0) return {std::nullopt, bare_reply(bytes, Code::not_implemented)};
  // The limits on records of CoreDNS: an EDNS record and a signature may come with a question, nothing else.
  if (word(bytes, 4) != 1 || word(bytes, 6) > 0 || word(bytes, 8) > 0 || word(bytes, 10) > 2) return {std::nullopt, bare_reply(bytes, Code::format_error)};
  Query query;
  query.packet = parse(bytes);
  const ldns_rr* question = query.packet ? ldns_rr_list_rr(ldns_pkt_question(query.packet.get()), 0) : nullptr;
  if (!question || !ldns_rr_owner(question)) return {std::nullopt, bare_reply(bytes, Code::format_error)};
  query.id = ldns_pkt_id(query.packet.get());
  query.question = {name_text(ldns_rr_owner(question)), static_cast<Type>(ldns_rr_get_type(question))};
  query.edns = ldns_pkt_edns(query.packet.get());
  query.dnssec_ok = query.edns && ldns_pkt_edns_do(query.packet.get());
  query.checking_disabled = ldns_pkt_cd(query.packet.get());
  if (query.edns) query.largest = std::clamp<std::size_t>(ldns_pkt_edns_udp_size(query.packet.get()), plain_udp_size, largest_udp_size);
  if (query.edns && ldns_pkt_edns_version(query.packet.get()) != 0) {
    constexpr std::uint8_t bad_version = 1;  // with the upper bits of the code 16, BADVERS
    const Packet reply = start_reply(query, Code::no_error, false);
    ldns_pkt_set_edns_extended_rcode(reply.get(), bad_version);
    return {std::nullopt, serialize(reply.get())};
  }
  const auto asked_class = ldns_rr_get_class(question);
  const auto type = static_cast<std::uint16_t>(query.question.type);
  // Transfers are not for everybody, and there is no other class than the Internet's here.
  if (asked_class != LDNS_RR_CLASS_IN || type == LDNS_RR_TYPE_AXFR || type == LDNS_RR_TYPE_IXFR) return {std::nullopt, encode_code(query, Code::refused)};
  return {std::move(query), {}};
}

std::string encode_code(const Query& query, Code code) { return serialize(start_reply(query, code, false).get()); }

std::string encode(const Query& query, const Answer& answer, std::size_t limit) {
  const std::string asked = lower(query.question.name);
  const auto fill = [&](ldns_pkt* packet, std::size_t answers, bool others) {
    for (std::size_t i = 0; i < answers; ++i) push(packet, LDNS_SECTION_ANSWER, make_rr(answer.answers[i], query, asked));
    if (others || answer.answers.empty())
      for (const Record& record : answer.authority) push(packet, LDNS_SECTION_AUTHORITY, make_rr(record, query, asked));
    if (others)
      for (const Record& record : answer.additional) push(packet, LDNS_SECTION_ADDITIONAL, make_rr(record, query, asked));
  };
  return fit([&] { return start_reply(query, answer.code, answer.code == Code::no_error || answer.code == Code::name_error); }, fill, answer.answers.size(), limit);
}

std::string encode_upstream(const Query& query, const std::string& name, std::uint16_t id) {
  const Packet packet(ldns_pkt_new());
  ldns_pkt_set_id(packet.get(), id);
  ldns_pkt_set_rd(packet.get(), true);
  ldns_pkt_set_cd(packet.get(), query.checking_disabled);
  ldns_rr* question = ldns_rr_clone(ldns_rr_list_rr(ldns_pkt_question(query.packet.get()), 0));
  if (name != query.question.name) {
    ldns_rdf_deep_free(ldns_rr_owner(question));
    ldns_rr_set_owner(question, make_name(name));
  }
  push(packet.get(), LDNS_SECTION_QUESTION, question);
  ldns_pkt_set_edns_udp_size(packet.get(), largest_udp_size);
  ldns_pkt_set_edns_do(packet.get(), query.dnssec_ok);
  return serialize(packet.get());
}

std::optional<Upstream> parse_upstream(std::string_view bytes, const Query& query, const std::string& name, std::uint16_t id) {
  if (bytes.size() < header_size || !(octet(bytes, 2) & 0x80) || word(bytes, 0) != id || word(bytes, 4) != 1) return std::nullopt;
  Upstream made;
  made.packet = parse(bytes);
  if (!made.packet) return std::nullopt;
  const ldns_rr* question = ldns_rr_list_rr(ldns_pkt_question(made.packet.get()), 0);
  if (!question || lower(name_text(ldns_rr_owner(question))) != lower(name)) return std::nullopt;
  if (ldns_rr_get_type(question) != static_cast<ldns_rr_type>(query.question.type)) return std::nullopt;
  made.truncated = ldns_pkt_tc(made.packet.get());
  made.code = static_cast<Code>(ldns_pkt_get_rcode(made.packet.get()));
  made.ttl = made.truncated ? 0 : ttl_of(made.packet.get(), made.code);
  return made;
}

std::string encode_from(const Query& query, const std::vector<Record>& prefix, const Upstream& upstream, std::uint32_t age, std::uint32_t cap, std::size_t limit) {
  const std::string asked = lower(query.question.name);
  const ldns_pkt* from = upstream.packet.get();
  const ldns_rr_list *answers = ldns_pkt_answer(from), *authority = ldns_pkt_authority(from), *additional = ldns_pkt_additional(from);
  const ldns_rdf* owner = ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_question(query.packet.get()), 0));
  const auto copy = [&](const ldns_rr_list* list, std::size_t i) {
    ldns_rr* rr = ldns_rr_clone(ldns_rr_list_rr(list, i));
    const std::uint32_t ttl = std::min(ldns_rr_ttl(rr), cap);
    ldns_rr_set_ttl(rr, ttl > age ? ttl - age : 0);
    if (prefix.empty() && ldns_dname_compare(ldns_rr_owner(rr), owner) == 0) {
      ldns_rdf_deep_free(ldns_rr_owner(rr));
      ldns_rr_set_owner(rr, ldns_rdf_clone(owner));
    }
    return rr;
  };
  const std::size_t total = prefix.size() + ldns_rr_list_rr_count(answers);
  const auto fill = [&](ldns_pkt* packet, std::size_t count, bool others) {
    for (std::size_t i = 0; i < count; ++i)
      push(packet, LDNS_SECTION_ANSWER, i < prefix.size() ? make_rr(prefix[i], query, asked) : copy(answers, i - prefix.size()));
    if (!others) return;
    for (std::size_t i = 0; i < ldns_rr_list_rr_count(authority); ++i) push(packet, LDNS_SECTION_AUTHORITY, copy(authority, i));
    for (std::size_t i = 0; i < ldns_rr_list_rr_count(additional); ++i) push(packet, LDNS_SECTION_ADDITIONAL, copy(additional, i));
  };
  const auto start = [&] {
    Packet packet = start_reply(query, upstream.code, !prefix.empty());
    ldns_pkt_set_ad(packet.get(), prefix.empty() && ldns_pkt_ad(from));
    return packet;
  };
  return fit(start, fill, total, limit);
}

std::string type_name(Type type) {
  switch (static_cast<std::uint16_t>(type)) {
    case LDNS_RR_TYPE_A: return "A";
    case LDNS_RR_TYPE_AAAA: return "AAAA";
    case LDNS_RR_TYPE_CNAME: return "CNAME";
    case LDNS_RR_TYPE_MX: return "MX";
    case LDNS_RR_TYPE_NS: return "NS";
    case LDNS_RR_TYPE_PTR: return "PTR";
    case LDNS_RR_TYPE_SOA: return "SOA";
    case LDNS_RR_TYPE_SRV: return "SRV";
    case LDNS_RR_TYPE_TXT: return "TXT";
    case LDNS_RR_TYPE_DNSKEY: return "DNSKEY";
    case LDNS_RR_TYPE_DS: return "DS";
    case 65: return "HTTPS";
    default: return "other";
  }
}

std::string code_name(Code code) {
  static constexpr const char* names[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
  const auto number = static_cast<std::size_t>(code);
  return number < std::size(names) ? names[number] : std::to_string(number);
}

}  // namespace plumb::dns
