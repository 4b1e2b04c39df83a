// Sentences of the script and of the card form, in English and French.
const MESSAGES = {
  en: {
    form: 'Card', number: 'Card number', expiry: 'Expiration date', cvc: 'Security code', expiryHint: 'MM / YY',
    frame: 'Secure payment input frame', dialog: '3D Secure authentication', close: 'Close',
    incomplete_number: 'Your card number is incomplete.', invalid_number: 'Your card number is invalid.',
    incomplete_expiry: "Your card's expiration date is incomplete.",
    invalid_expiry_year_past: "Your card's expiration date is in the past.",
    invalid_expiry_month_past: "Your card's expiration date is in the past.",
    incomplete_cvc: "Your card's security code is incomplete.",
    unreachable: 'The payment service cannot be reached. Check your connection and try again.',
    codes: {},
  },
  fr: {
    form: 'Carte', number: 'Numéro de carte', expiry: "Date d'expiration", cvc: 'Code de sécurité',
    expiryHint: 'MM / AA', frame: 'Cadre de saisie sécurisé pour le paiement',
    dialog: 'Authentification 3D Secure', close: 'Fermer',
    incomplete_number: 'Le numéro de votre carte est incomplet.',
    invalid_number: "Le numéro de votre carte n'est pas valide.",
    incomplete_expiry: "La date d'expiration de votre carte est incomplète.",
    invalid_expiry_year_past: "La date d'expiration de votre carte est passée.",
    invalid_expiry_month_past: "La date d'expiration de votre carte est passée.",
    incomplete_cvc: 'Le code de sécurité de votre carte est incomplet.',
    unreachable: 'Le service de paiement est injoignable. Vérifiez votre connexion et réessayez.',
    codes: {
      card_declined: 'Votre carte a été refusée.',
      insufficient_funds: 'Votre carte ne dispose pas de fonds suffisants.',
      card_velocity_exceeded: 'Votre carte a été refusée : trop de tentatives ou plafond dépassé.',
      expired_card: 'Votre carte est expirée.',
      incorrect_cvc: 'Le code de sécurité de votre carte est incorrect.',
      invalid_cvc: "Le code de sécurité de votre carte n'est pas valide.",
      incorrect_number: 'Le numéro de votre carte est incorrect.',
      invalid_expiry_month: "Le mois d'expiration de votre carte n'est pas valide.",
      invalid_expiry_year: "L'année d'expiration de votre carte n'est pas valide.",
      processing_error: "Une erreur s'est produite lors du traitement de votre carte. Réessayez dans un instant.",
      authentication_required: "Votre carte a été refusée. Cette transaction nécessite une authentification.",
      payment_intent_authentication_failure:
        "Nous ne pouvons pas authentifier votre moyen de paiement. Choisissez-en un autre et réessayez.",
      setup_intent_authentication_failure:
        "Nous ne pouvons pas authentifier votre moyen de paiement. Choisissez-en un autre et réessayez.",
    },
  },
};

// The sentences of a locale as Stripe takes it: `fr`, `fr-CA`, `auto`.
function sentences(locale) {
  const asked = !locale || locale === 'auto' ? navigator.language || 'en' : locale;
  return asked.toLowerCase().startsWith('fr') ? MESSAGES.fr : MESSAGES.en;
}

// An error of the API in the reader's language.
function translated(error, locale) {
  const codes = sentences(locale).codes;
  const message = codes[error.decline_code] || codes[error.code] || error.message;
  return { ...error, message };
}
