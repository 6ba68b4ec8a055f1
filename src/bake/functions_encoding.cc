// Functions of encodings and digests.
#include <cctype>
#include <cstdlib>
#include <random>

#include <fmt/core.h>

#include "base/csv.h"
#include "base/error.h"
#include "base/text.h"
#include "bake/functions.h"
#include "hash/digests.h"
#include "hash/sha256.h"
#include "json/json.h"

namespace slipway::bake {
namespace {

std::string hex(std::string_view bytes) {
  return to_hex(std::span(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()));
}

Value base64encode(const Args& a) { return to_base64(a.text(0)); }

Value base64decode(const Args& a) {
  const std::string text = a.text(0);
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  const size_t end = std::min(text.find('='), text.size());
  for (size_t i = 0; i < end; ++i) {
    if (text[i] == '\n' || text[i] == '\r') continue;
    const size_t digit = kDigits.find(text[i]);
    if (digit == kDigits.npos) throw Error(fmt::format("\"{}\" at {} is no digit of base64", text[i], i + 1));
    bits = bits << 6 | static_cast<uint32_t>(digit);
    if ((count += 6) >= 8) out += static_cast<char>(bits >> (count -= 8) & 0xff);
  }
  if (text.size() % 4 != 0 || text.find_first_not_of('=', end) != text.npos) throw Error("this base64 is not padded to a multiple of 4");
  return out;
}

Value jsonencode(const Args& a) { return json_text(a.value(0)); }
Value jsondecode(const Args& a) { return from_json(json::parse(a.text(0), "the text")); }

Value csvdecode(const Args& a) {
  const std::string text = a.text(0);
  std::vector<std::string> head;
  List out;
  for (const auto& line : slipway::split(text, '\n')) {
    if (trim(line).empty()) continue;
    const auto fields = csv_fields(line);
    if (head.empty()) {
      head = fields;
      continue;
    }
    if (fields.size() != head.size()) throw Error(fmt::format("a record has {} fields, and the first line names {}", fields.size(), head.size()));
    Object row;
    for (size_t i = 0; i < head.size(); ++i) row[head[i]] = fields[i];
    out.emplace_back(std::move(row));
  }
  if (head.empty()) throw Error("the first line names the fields, and there is none");
  return out;
}

Value urlencode(const Args& a) {
  std::string out;
  for (const char c : a.text(0)) {
    if (std::isalnum(static_cast<unsigned char>(c)) || std::string_view("-_.~").contains(c)) out += c;
    else if (c == ' ') out += '+';
    else out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

Value md5(const Args& a) { return hex(hash::digest_of("md5", a.text(0))); }
Value sha1(const Args& a) { return hex(hash::digest_of("sha1", a.text(0))); }
Value sha256(const Args& a) { return hash::sha256_hex(a.text(0)); }
Value sha512(const Args& a) { return hex(hash::digest_of("sha512", a.text(0))); }

/// 16 bytes as a UUID (RFC 9562) of that version.
std::string uuid_text(std::string bytes, int version) {
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | version << 4);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  const std::string digits = hex(bytes);
  return digits.substr(0, 8) + "-" + digits.substr(8, 4) + "-" + digits.substr(12, 4) + "-" + digits.substr(16, 4) + "-" +
         digits.substr(20);
}

Value uuidv4(const Args&) {
  std::random_device random;
  std::string bytes;
  for (int i = 0; i < 16; ++i) bytes += static_cast<char>(random() & 0xff);
  return uuid_text(std::move(bytes), 4);
}

Value uuidv5(const Args& a) {
  std::string space = a.text(0);
  if (space == "dns") space = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
  else if (space == "url") space = "6ba7b811-9dad-11d1-80b4-00c04fd430c8";
  else if (space == "oid") space = "6ba7b812-9dad-11d1-80b4-00c04fd430c8";
  else if (space == "x500") space = "6ba7b814-9dad-11d1-80b4-00c04fd430c8";
  std::string bytes;
  std::string digits;
  for (const char c : space)
    if (c != '-') digits += c;
  for (size_t i = 0; i + 1 < digits.size(); i += 2) {
    const auto byte = parse_u64(std::string_view(digits).substr(i, 2), 16);
    if (!byte) break;
    bytes += static_cast<char>(*byte);
  }
  if (bytes.size() != 16 || digits.size() != 32)
    throw Error(fmt::format("\"{}\" is neither dns, url, oid, x500 nor a UUID", a.text(0)));
  return uuid_text(hash::digest_of("sha1", bytes + a.text(1)).substr(0, 16), 5);
}

Value homedir(const Args&) {
  const char* home = std::getenv("HOME");
  return home ? home : "";
}

constexpr Function kFunctions[] = {
    {"base64decode", 1, 1, base64decode}, {"base64encode", 1, 1, base64encode}, {"csvdecode", 1, 1, csvdecode},
    {"homedir", 0, 0, homedir},           {"jsondecode", 1, 1, jsondecode},     {"jsonencode", 1, 1, jsonencode, true},
    {"md5", 1, 1, md5},                   {"sha1", 1, 1, sha1},                 {"sha256", 1, 1, sha256},
    {"sha512", 1, 1, sha512},             {"urlencode", 1, 1, urlencode},       {"uuidv4", 0, 0, uuidv4},
    {"uuidv5", 2, 2, uuidv5},
};

}  // namespace

std::span<const Function> encoding_functions() { return kFunctions; }

}  // namespace slipway::bake
