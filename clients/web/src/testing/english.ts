// Gives tests the English texts, as the page gives them to code outside React.
import { setPageTexts } from "@/i18n/page-texts";
import messages from "@/messages/en";

setPageTexts("en", messages);
